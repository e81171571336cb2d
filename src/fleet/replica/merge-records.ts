import { deviceOf } from '../../core/registry/push-target.ts';
import type { Registration } from '../../core/registry/registration.ts';
import type { StoreContents } from '../../store/contents/store-contents.ts';
import { encodeRecord } from '../../store/file/record-codec.ts';
import type { StoreRecord } from '../../store/file/store-record.ts';
import type { RegistrationChange } from '../../store/tables/registration-change.ts';
import type { FleetNames } from '../engine/names.ts';
import type { FleetJournal } from './fleet-journal.ts';
import type { StoredField } from './read-shards.ts';
import type { RecentRemovals } from './recent-removals.ts';
import type { Illegible, RecordSealer } from './record-sealer.ts';

/**
 * How memory and engine become one.
 * - `fill`: memory is empty.
 * - `replace`: the engine is right. This server has missed changes.
 * - `merge`: both have something that the other has not. The engine has lost changes.
 */
export type MergeMode = 'fill' | 'replace' | 'merge';

export interface MergeOptions {
  readonly contents: StoreContents;
  readonly journal: FleetJournal;
  readonly names: FleetNames;
  readonly sealer: RecordSealer;
  readonly removals: RecentRemovals;
  readonly onChange: (change: RegistrationChange) => void;
  readonly onIllegible: (why: Illegible, shard: number) => void;
}

/** The parts of a server that one registration of the engine may change. */
type Merging = Pick<MergeOptions, 'contents' | 'journal' | 'onChange' | 'removals'>;

/** In this order the records of cohorts make sense. */
const COHORT_ORDER = ['formed', 'joined', 'closed', 'due'];

/** Brings the records of the engine into memory. */
export class RecordMerge {
  readonly #options: MergeOptions;
  readonly #mode: MergeMode;
  /** They depend on one another, so they come last. */
  readonly #cohorts: Extract<StoreRecord, { type: 'cohort' }>[] = [];

  constructor(mode: MergeMode, options: MergeOptions) {
    this.#mode = mode;
    this.#options = options;
  }

  take({ field, sealed, shard, version }: StoredField): void {
    const { contents, journal, onIllegible, sealer } = this.#options;
    const name = field.toString('latin1');
    const record = sealer.open(sealed, field);
    const isRegistration = typeof record !== 'string' && record.type === 'registered';
    if (!isRegistration && journal.supersedes(name, version)) return;
    if (typeof record === 'string') return onIllegible(record, shard);
    if (record.type === 'registered') this.#takeRegistration(record.registration, name, version);
    else if (record.type === 'cohort') this.#cohorts.push(record);
    else if (record.type === 'alive') {
      const isKnown = contents.proofs.of(record.relay, record.kind) !== undefined;
      if (this.#mode !== 'merge' || !isKnown) contents.accept(record);
    }
  }

  /** All fields were taken. */
  end(): void {
    const { contents } = this.#options;
    for (const type of COHORT_ORDER) {
      for (const record of this.#cohorts) {
        const { change } = record;
        if (change.type !== type) continue;
        const isMember =
          change.type === 'joined' && contents.cohorts.table.member(deviceOf(change.target)) !== undefined;
        if (this.#mode !== 'merge' || !isMember) contents.accept(record);
      }
    }
    if (this.#mode === 'fill') contents.registrations.sortByAge();
  }

  #takeRegistration(stored: Registration, name: string, version: number): void {
    const { contents, journal, onChange, removals } = this.#options;
    if (journal.isWaiting(name)) {
      if (this.#isOutdone(stored, name)) return void journal.supersedes(name, version);
      journal.abandon(name);
    }
    if (this.#mode === 'fill') return void contents.accept({ type: 'registered', registration: stored });
    if (this.#mode === 'merge') return mergeRegistration(stored, { name, version }, this.#options);
    const known = contents.registrations.current(stored.tradePubkey);
    if (known !== undefined && isSame(known, stored)) return;
    // A server that had missed the removal has brought it back while this one could not object.
    if (known === undefined && removals.isAfter(stored.registeredAt, name))
      return mergeRegistration(stored, { name, version }, this.#options);
    const change = contents.accept({ type: 'registered', registration: stored });
    if (change !== undefined) onChange(change);
  }

  /** Whether a change of memory that waits for being written comes after what the engine has. */
  #isOutdone(stored: Registration, name: string): boolean {
    const { contents, journal, removals } = this.#options;
    const known = contents.registrations.current(stored.tradePubkey);
    if (known !== undefined) return !isNewer(stored, known);
    // A merge weighs a removal itself.
    if (this.#mode === 'merge' || journal.waitingMode(name) !== 'remove') return false;
    return removals.isAfter(stored.registeredAt, name);
  }
}

/**
 * Brings a registration of an engine that has lost changes into memory, unless memory knows better: then the engine gets what memory has.
 *
 * @param at the name of its field, and its version
 */
export function mergeRegistration(
  stored: Registration,
  { name, version }: { readonly name: string; readonly version: number },
  { contents, journal, onChange, removals }: Merging,
): void {
  const known = contents.registrations.current(stored.tradePubkey);
  if (known !== undefined && isSame(known, stored)) return;
  if (known !== undefined && isNewer(known, stored)) {
    journal.amend('repeat', known);
    return void journal.supersedes(name, version);
  }
  // It was removed after all that memory has heard of it.
  if (known === undefined && removals.isAfter(stored.registeredAt, name)) {
    journal.amend('outdate', stored);
    return void journal.supersedes(name, version);
  }
  const change = contents.accept({ type: 'registered', registration: stored });
  if (change !== undefined) onChange(change);
}

/** Another server knows that this registration was removed. A later one stays, and the engine gets it again. */
export function dropOutdated(
  removed: Registration,
  name: string,
  { contents, journal, onChange, removals }: Merging,
): void {
  const { tradePubkey } = removed;
  const known = contents.registrations.current(tradePubkey);
  if (known !== undefined && known.registeredAt > removed.registeredAt) return journal.amend('repeat', known);
  removals.note(name, removed.registeredAt);
  const change = contents.accept({ type: 'removed', tradePubkey });
  if (change !== undefined) onChange(change);
}

function isSame(a: Registration, b: Registration): boolean {
  const [some, others] = [a, b].map((registration) => encodeRecord({ type: 'registered', registration }));
  return Buffer.compare(some as Uint8Array, others as Uint8Array) === 0;
}

/** Of two registrations of a key, the one that a client made later is newer, or the one that was renewed later. */
function isNewer(a: Registration, b: Registration): boolean {
  return a.registeredAt === b.registeredAt ? a.expiresAt > b.expiresAt : a.registeredAt > b.registeredAt;
}
