import type { Clock } from '../../core/basics/clock.ts';
import type {
  AdmissionRequest,
  PutResult,
  RegistrationStore,
} from '../../core/registry/registration-store.ts';
import type { PushService, PushTarget } from '../../core/registry/push-target.ts';
import type { Lifetime, Registration, RegistrationCounts } from '../../core/registry/registration.ts';
import type { Correction } from '../../core/basics/trusted-clock.ts';
import { KEY_DIGITS, parseTradePubkey, type TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { FormerRegistrations } from './former-registrations.ts';
import type { Journal } from '../file/journal.ts';
import type { JournalEntry } from '../file/journal-batch.ts';
import type { MemoryRegistrations } from '../tables/memory-registrations.ts';
import type { ChangeListener, RegistrationChange } from '../tables/registration-change.ts';
import { entriesOf, entryOf } from './registration-entries.ts';

/** What the disk says, and what is taken back, is said by nobody else than the owner. */
const OWNER = { signed: true, now: 0 };

export interface DurableRegistrationsParts {
  readonly memory: MemoryRegistrations;
  readonly journal: Journal;
  /** The registrations of which push services are kept on disk. */
  readonly keeps: (service: PushService) => boolean;
  /** Told of what no longer belongs on the disk. */
  readonly onGarbage: () => void;
  /** Told when what had expired has left memory. */
  readonly onSwept: () => void;
  readonly clock: Clock;
}

/**
 * Registrations in memory that the disk vouches for: a change that a client asks for is answered when it is durable, and taken
 * back if it cannot be. Until then whoever asks is told of what was registered before.
 */
export class DurableRegistrations implements RegistrationStore {
  readonly #parts: DurableRegistrationsParts;
  readonly #former = new FormerRegistrations();
  readonly #listener: ChangeListener;
  /** The changes of the call under way: memory changes within the call. */
  #changes: RegistrationChange[] | undefined;

  constructor(parts: DurableRegistrationsParts) {
    this.#parts = parts;
    this.#listener = { follows: parts.keeps, onChange: (change) => this.#onChange(change) };
    parts.memory.listener = this.#listener;
  }

  mayContain(tradePubkey: TradePubkey): boolean {
    return this.#parts.memory.mayContain(tradePubkey) || this.#former.oldest(tradePubkey) !== undefined;
  }

  mayContainAt(text: Uint8Array, from: number): boolean {
    if (this.#parts.memory.mayContainAt(text, from)) return true;
    if (this.#former.isEmpty) return false;
    const written = Buffer.from(text.subarray(from, from + KEY_DIGITS)).toString('latin1');
    const tradePubkey = parseTradePubkey(written);
    return tradePubkey !== undefined && this.#former.oldest(tradePubkey) !== undefined;
  }

  isFull(): boolean {
    return this.#parts.memory.isFull();
  }

  admits(tradePubkey: TradePubkey, request: AdmissionRequest): boolean {
    return this.#parts.memory.admits(tradePubkey, request);
  }

  find(tradePubkey: TradePubkey): Promise<Registration | undefined> {
    const former = this.#former.oldest(tradePubkey);
    return former === undefined ? this.#parts.memory.find(tradePubkey) : Promise.resolve(former);
  }

  async put(registration: Registration): Promise<PutResult> {
    const { journal, keeps, memory } = this.#parts;
    const { result, changes } = this.#collect(() => memory.put(registration));
    if (changes.length > 0) await this.#commit(changes);
    // The answer takes as long as it does for a key that nobody owns (contract 1.3).
    if ((await result) === 'owned' && keeps(registration.target.type)) await journal.commit([], () => []);
    return result;
  }

  /** Nobody waits for a renewal: a crash costs it some of its effect. */
  renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void> {
    return this.#parts.memory.renew(tradePubkey, target, lifetime, now);
  }

  async remove(tradePubkey: TradePubkey, request: { signed: boolean; now: number }): Promise<boolean> {
    const { result, changes } = this.#collect(() => this.#parts.memory.remove(tradePubkey, request));
    await this.#commit(changes);
    return result;
  }

  /** Nobody waits for it: after a crash the push service says again that the device is gone. */
  evict(target: PushTarget): Promise<number> {
    return this.#parts.memory.evict(target);
  }

  async sweep(now: number): Promise<number> {
    const count = await this.#parts.memory.sweep(now);
    this.#parts.onSwept();
    return count;
  }

  correct(correction: Correction): Promise<number> {
    return this.#parts.memory.correct(correction);
  }

  counts(): RegistrationCounts {
    return this.#parts.memory.counts();
  }

  /** Puts in memory what the disk says. @returns whether there was room */
  restore(registration: Registration): boolean {
    const { memory } = this.#parts;
    this.drop(registration.tradePubkey);
    if (memory.isFull()) return false;
    memory.restore(registration);
    return true;
  }

  /** Takes out of memory what the disk says has gone. */
  drop(tradePubkey: TradePubkey): void {
    const { memory } = this.#parts;
    if (memory.mayContain(tradePubkey)) this.#quietly(() => void memory.remove(tradePubkey, OWNER));
  }

  /** Puts in order what the disk has said. */
  sortByAge(): void {
    this.#parts.memory.sortByAge();
  }

  /** What belongs on the disk. */
  *kept(): Generator<Registration> {
    const { keeps, memory } = this.#parts;
    for (const one of memory.entries()) if (keeps(one.target.type)) yield one;
  }

  async #commit(changes: readonly RegistrationChange[]): Promise<void> {
    const { journal, keeps, onGarbage } = this.#parts;
    const entries = entriesOf(changes, keeps);
    if (entries.length === 0) return;
    const formers = changes.flatMap(({ former }) => (former === undefined ? [] : [former]));
    for (const former of formers) this.#former.hold(former);
    try {
      await journal.commit(entries, () => this.#undo(changes));
    } finally {
      for (const former of formers) this.#former.letGo(former);
    }
    if (formers.some(({ target }) => keeps(target.type))) onGarbage();
  }

  #undo(changes: readonly RegistrationChange[]): JournalEntry[] {
    const back = changes.map(({ former, current }) => ({ former: current, current: former })).toReversed();
    this.#quietly(() => {
      for (const { former, current } of back) {
        if (former !== undefined) void this.#parts.memory.remove(former.tradePubkey, OWNER);
        if (current !== undefined) this.#parts.memory.restore(current);
      }
    });
    const keys = new Map(back.map(({ former, current }) => [(current ?? former)?.tradePubkey, current]));
    return [...keys].flatMap(([key, current]) => {
      if (key === undefined) return [];
      return [
        entryOf(key, current !== undefined && this.#parts.keeps(current.target.type) ? current : undefined),
      ];
    });
  }

  #onChange(change: RegistrationChange): void {
    if (this.#changes !== undefined) return void this.#changes.push(change);
    const { journal, keeps, onGarbage } = this.#parts;
    // What has expired needs no word on the disk: it is expired there too.
    if (!this.#isExpiry(change)) for (const entry of entriesOf([change], keeps)) journal.write(entry);
    const { current, former } = change;
    if (current === undefined && former !== undefined && keeps(former.target.type)) onGarbage();
  }

  #isExpiry({ current, former }: RegistrationChange): boolean {
    return current === undefined && former !== undefined && former.expiresAt <= this.#parts.clock();
  }

  /** Runs a change of memory, which has changed by the time that it gives its promise. */
  #collect<Result>(change: () => Promise<Result>): {
    result: Promise<Result>;
    changes: RegistrationChange[];
  } {
    const changes: RegistrationChange[] = [];
    this.#changes = changes;
    try {
      return { result: change(), changes };
    } finally {
      this.#changes = undefined;
    }
  }

  /** Changes memory without anybody being told: the disk knows. */
  #quietly(change: () => void): void {
    this.#parts.memory.listener = undefined;
    try {
      change();
    } finally {
      this.#parts.memory.listener = this.#listener;
    }
  }
}
