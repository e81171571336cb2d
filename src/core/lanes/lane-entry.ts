import type { WakeKind } from './delivery.ts';
import type { LaneHost } from './lane-host.ts';
import type { LaneLine } from './lane-queue.ts';
import type { PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import { worstEnd, type WakeEnd, type WakePriority, type WakeRequest } from './wake.ts';

/** Where an entry waits: for its turn, or, `owed`, until nothing else does. */
export type LaneRank = WakePriority | 'owed';

/** So many keys are looked through; more are found in a set. */
const FEW_KEYS = 8;

/** The most urgent one first. */
export const RANKS: readonly LaneRank[] = ['live', 'recovered', 'owed'];

/** The one wake that a device has to get from its lane. */
export class LaneEntry {
  readonly device: string;
  readonly target: PushTarget;
  readonly host: LaneHost;
  kind: WakeKind;
  rank: LaneRank;
  /** After this, in milliseconds, it is given up and owed. */
  deadlineAt: number;
  /** When the first event arrived that it answers, in milliseconds. */
  since: number;
  /** When it was queued, in milliseconds. */
  queuedAt = Infinity;
  /** Whether it has waited, here or before it came here, so that the device may have been unregistered meanwhile. */
  hasWaited: boolean;
  /** How often it has failed. */
  failures = 0;
  /** Whether it was tried and did not come through. */
  hasFailed = false;
  /** Whether its device had a wake delivered not long ago. */
  isKnown = false;
  /** The line of the queue that it was put in last. */
  line: LaneLine = 'first';
  /** How often it was owed since it last was not. */
  timesOwed = 0;
  /** Whether a push service refused it, or called the device gone: not a loss when the program ends. */
  isRefused = false;
  /** Whether no new event shortens its wait: the wait was promised to the push service, or its place was given to another wake. */
  isFirm = false;
  /** Cancels the wait that it is in; absent while it is queued or being sent. */
  cancelWait: (() => void) | undefined;
  /** Whether a vouched event is among those that it answers: its wake is one of that kind also where it goes to another device. */
  isVouched: boolean;
  /** Counts its places in the queue: only the last one is true. */
  ticket = 0;
  // Thousands of entries may wait: one key has no set, and whoever waits for it alone no list with room for more.
  #keys: readonly TradePubkey[] | Set<TradePubkey>;
  #ends: ((end: WakeEnd) => void)[] | undefined;

  constructor(request: WakeRequest, host: LaneHost, deadlineAt: number) {
    const { target, device, keys, kind, priority, since = Infinity, wasHeld = false } = request;
    this.isVouched = request.isVouched === true;
    this.device = device;
    this.target = target;
    this.host = host;
    this.#keys = keys.length > FEW_KEYS ? new Set(keys) : keys;
    this.kind = kind;
    this.rank = priority;
    this.deadlineAt = deadlineAt;
    this.since = since;
    this.hasWaited = wasHeld;
  }

  /** The keys that it is for, each once. */
  get keys(): readonly TradePubkey[] | ReadonlySet<TradePubkey> {
    return this.#keys;
  }

  get keyCount(): number {
    return this.#keys instanceof Set ? this.#keys.size : this.#keys.length;
  }

  /** Whether it waits, and nothing may send it before. */
  get mustWait(): boolean {
    return this.cancelWait !== undefined && (this.isFirm || this.rank !== 'owed');
  }

  /** Whether a live event for this key needs no other wake. */
  answers(key: TradePubkey): boolean {
    return this.rank === 'live' && this.#has(key);
  }

  /** Takes in a further request for the device: one wake answers both. A relay wake absorbs a chat wake. */
  absorb({
    isVouched = false,
    keys,
    kind,
    since = Infinity,
  }: Pick<WakeRequest, 'isVouched' | 'kind' | 'since'> & { readonly keys: Iterable<TradePubkey> }): void {
    this.since = Math.min(this.since, since);
    for (const key of keys) this.#add(key);
    if (kind === 'silent_wake') this.kind = kind;
    if (isVouched) this.isVouched = true;
  }

  /** Whether this rank is a more urgent one. */
  isBelow(rank: LaneRank): boolean {
    return RANKS.indexOf(rank) < RANKS.indexOf(this.rank);
  }

  raise(rank: LaneRank): void {
    if (this.isBelow(rank)) this.rank = rank;
  }

  /** Takes over another entry of the same device, with everyone who waits for it. */
  takeOver(other: LaneEntry): void {
    this.absorb(other);
    this.failures = Math.max(this.failures, other.failures);
    for (const resolve of other.#ends ?? []) this.#tell(resolve);
    other.#ends = undefined;
  }

  /**
   * Leaves these keys to wakes of other devices. Whoever waits for this entry is told when those wakes have ended too.
   *
   * @param elsewhere how those wakes end
   */
  handOver(keys: Iterable<TradePubkey>, elsewhere: Promise<WakeEnd>): void {
    const left = new Set(this.#keys);
    for (const key of keys) left.delete(key);
    this.#keys = left.size > FEW_KEYS ? left : [...left];
    this.#ends = this.#ends?.map(
      (resolve) => (end) => void elsewhere.then((other) => resolve(worstEnd([end, other]))),
    );
  }

  whenEnded(): Promise<WakeEnd> {
    return new Promise((resolve) => this.#tell(resolve));
  }

  end(how: WakeEnd): void {
    const ends = this.#ends ?? [];
    this.#ends = undefined;
    for (const resolve of ends) resolve(how);
  }

  #tell(resolve: (end: WakeEnd) => void): void {
    if (this.#ends === undefined) this.#ends = [resolve];
    else this.#ends.push(resolve);
  }

  #has(key: TradePubkey): boolean {
    return this.#keys instanceof Set ? this.#keys.has(key) : this.#keys.includes(key);
  }

  #add(key: TradePubkey): void {
    if (this.#has(key)) return;
    if (!(this.#keys instanceof Set)) this.#keys = new Set(this.#keys);
    this.#keys.add(key);
  }
}
