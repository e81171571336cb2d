import { SECOND_MS, type Clock, type Schedule } from '../basics/clock.ts';
import type { EventFrame } from '../intake/event-intake.ts';
import type { RelayAccount } from '../intake/relay-account.ts';
import type { SharedWake } from './wake-share.ts';

/** How long the owner of a device has for an event before the other servers look whether it has acted, in milliseconds. */
const PATIENCE_MS = SECOND_MS;
/** Events that are kept at once, and their bytes. Beyond either, the oldest is looked at early. */
const MOST_EVENTS = 10_000;
const MOST_BYTES = 32 * 1024 * 1024;
/** Copies of one event that differ. All but one are forged, and none has been verified. */
const MOST_COPIES = 4;
/** Events that are looked at in one turn of the event loop. */
const AT_ONCE = 256;
/** What an event takes in memory beside its content, in bytes. */
const EVENT_BYTES = 1024;

/**
 * A copy of an event, and the wakes that it asks for at devices of other servers. Only the frame is kept, to be parsed once more if the
 * event is needed: whatever lives for a second costs the garbage collector more than parsing costs.
 */
export interface WatchedCopy {
  readonly frame: EventFrame;
  /** The account of the relay that sent the event. */
  readonly account: RelayAccount;
  /** About what the copy takes in memory. */
  readonly bytes: number;
  readonly wakes: readonly SharedWake[];
}

/** An event whose devices belong to other servers. Its copies may differ, and at most one of them is genuine. */
export interface WatchedEvent {
  readonly id: string;
  readonly copies: readonly WatchedCopy[];
}

export interface OwnerWatchOptions {
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /**
   * Looks whether the owner has acted. Called with each event once; {@link OwnerWatch.again} keeps it for longer.
   *
   * @param isLast there is no room to keep the event for longer
   */
  readonly look: (event: WatchedEvent, isLast: boolean) => void;
  /** There is no room for one more copy of the event: it has to be verified now. */
  readonly onCrowded: (id: string, copy: WatchedCopy) => void;
}

interface Kept extends WatchedEvent {
  readonly copies: WatchedCopy[];
  dueAt: number;
}

/**
 * Keeps the events of other servers' devices for a second, and then has them looked at. They are not verified: a forged copy that came
 * first must not hide a genuine one, so copies that differ are kept side by side.
 */
export class OwnerWatch {
  readonly #options: OwnerWatchOptions;
  /** By id, in the order in which they are due. */
  readonly #events = new Map<string, Kept>();
  #bytes = 0;
  #cancel: (() => void) | undefined;

  constructor(options: OwnerWatchOptions) {
    this.#options = options;
  }

  /** Events that are kept. */
  get size(): number {
    return this.#events.size;
  }

  has(id: string): boolean {
    return this.#events.has(id);
  }

  /** @param contentLength of the event's content */
  add(id: string, { account, frame, wakes }: Omit<WatchedCopy, 'bytes'>, contentLength: number): void {
    const copy = { account, frame, wakes, bytes: EVENT_BYTES + contentLength };
    const known = this.#events.get(id);
    if (known !== undefined) return this.#addCopy(known, copy);
    this.#keep({ id, copies: [copy], dueAt: 0 }, copy.bytes);
  }

  /** It is unknown whether the owner has acted: the event is looked at again later. */
  again({ copies, id }: WatchedEvent): void {
    const known = this.#events.get(id);
    // A further copy has come while it was looked at, and may be a forged one.
    if (known !== undefined) return copies.forEach((copy) => this.#addCopy(known, copy));
    const bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0);
    this.#keep({ id, copies: [...copies], dueAt: 0 }, bytes);
  }

  /** The program stops. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#events.clear();
    this.#bytes = 0;
  }

  #keep(event: Kept, bytes: number): void {
    event.dueAt = this.#options.monotonic() + PATIENCE_MS;
    this.#events.set(event.id, event);
    this.#bytes += bytes;
    while (this.#events.size > MOST_EVENTS || this.#bytes > MOST_BYTES) {
      const [oldest] = this.#events.values();
      if (oldest === undefined) return;
      this.#take(oldest, true);
    }
    if (this.#cancel === undefined) this.#wait(PATIENCE_MS);
  }

  #addCopy(known: Kept, copy: WatchedCopy): void {
    const fingerprint = copy.frame.fingerprint();
    if (known.copies.some(({ frame }) => frame.fingerprint() === fingerprint)) return;
    if (known.copies.length === MOST_COPIES) return this.#options.onCrowded(known.id, copy);
    known.copies.push(copy);
    this.#bytes += copy.bytes;
  }

  #wait(ms: number): void {
    this.#cancel = this.#options.schedule(ms, () => this.#onTimer());
  }

  #onTimer(): void {
    this.#cancel = undefined;
    const now = this.#options.monotonic();
    let looked = 0;
    for (const event of this.#events.values()) {
      if (event.dueAt > now || looked === AT_ONCE) return this.#wait(Math.max(0, event.dueAt - now));
      looked++;
      this.#take(event, false);
    }
  }

  #take(event: Kept, isLast: boolean): void {
    this.#events.delete(event.id);
    for (const copy of event.copies) this.#bytes -= copy.bytes;
    this.#options.look(event, isLast);
  }
}
