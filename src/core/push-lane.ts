import { SECOND_MS, unixSeconds } from './clock.ts';
import type { Delivery, WakeKind } from './delivery.ts';
import { describeError } from './describe-error.ts';
import { LaneBook } from './lane-book.ts';
import { LaneEntry } from './lane-entry.ts';
import { LaneHealth } from './lane-health.ts';
import { LaneJudge, type Owing, type Ruling } from './lane-judge.ts';
import { LaneReport, type DropReason } from './lane-report.ts';
import { laneTroubles, type LaneTrouble } from './lane-trouble.ts';
import { MovedKeys } from './moved-keys.ts';
import type { PushLaneOptions } from './push-lane-options.ts';
import type { PushTarget } from './push-target.ts';
import type { TradePubkey } from './trade-pubkey.ts';
import type { WakeEnd, WakeRequest } from './wake-request.ts';

/** A change of a registration is durable within this, or has been taken back. */
const CHANGE_UNDER_WAY_MS = SECOND_MS;

/**
 * The way to one push service: a bounded queue, so many attempts at once, retries that hold no slot, and for every device
 * at most one wake that is unsent. What cannot be sent now is owed, and paid when nothing else waits (contract 5).
 */
export class PushLane {
  readonly #options: PushLaneOptions;
  readonly #health: LaneHealth;
  readonly #judge: LaneJudge;
  readonly #report: LaneReport;
  readonly #book: LaneBook;
  readonly #moved: MovedKeys;
  readonly #sending = new Set<LaneEntry>();
  /** Ends every attempt that is under way: the lane is closed. */
  readonly #end = new AbortController();
  #cancelAdvance: (() => void) | undefined;
  /** Attempts whose consequences have not all followed yet. */
  #underWay = 0;
  #isStopping = false;
  #lost = 0;
  #isClosed = false;
  #onDrained: (() => void) | undefined;

  /** A provider that throws is our mistake and not the device's. */
  readonly #onProviderFault = (fault: unknown): Delivery => {
    this.#report.fault(describeError(fault));
    return { outcome: 'retry', reason: 'provider_fault' };
  };

  constructor(options: PushLaneOptions) {
    this.#options = options;
    this.#health = new LaneHealth(options);
    this.#report = new LaneReport({ ...options, provider: options.provider.name });
    this.#judge = new LaneJudge({ ...options, health: this.#health, report: this.#report });
    this.#book = new LaneBook(options.schedule, () => this.#advance(), options.owed);
    this.#moved = new MovedKeys({ ...options, report: this.#report, book: this.#book });
  }

  /** Wakes that wait or are under way, the owed ones not counted. */
  get pending(): number {
    return this.#book.urgent + this.#sending.size;
  }

  /** Devices that are owed a wake. */
  get owed(): number {
    return this.#book.owed;
  }

  /** What ails it at this moment. */
  get troubles(): readonly LaneTrouble[] {
    return laneTroubles(this.#health, this.#report);
  }

  /** Whether nothing is to be done here, nor to be waited for: a broken lane without a wake would never be mended. */
  get isIdle(): boolean {
    return this.pending === 0 && this.owed === 0 && this.#health.waitMs === 0;
  }

  /** Whether the device has a live wake coming that has not been sent yet and is for this key. */
  isUnsent(device: string, key: TradePubkey): boolean {
    return this.#book.get(device)?.answers(key) === true;
  }

  /** Whether it takes no more wakes: the program stops. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** A key of the device has been registered with another device: a wake that waits here goes there. */
  follow(device: string): Promise<void> {
    return this.#moved.follow(device);
  }

  request(request: WakeRequest): Promise<WakeEnd> {
    if (this.#isClosed) return Promise.resolve('dropped');
    const deadlineAt = this.#options.clock() + this.#options.deadlineMs;
    const isFull = this.#book.urgent >= this.#options.capacity;
    const known = this.#book.get(request.device);
    const entry = known ?? new LaneEntry(request, deadlineAt);
    if (known !== undefined) this.#report.absorbed(known);
    known?.absorb(request);
    if (isFull) this.#report.load(true);
    const isPutOff = known?.rank === 'owed' && (isFull || known.mustWait);
    if (isPutOff || (isFull && known === undefined)) {
      if (known === undefined) this.#owe(entry, { reason: 'overload', waitMs: 0, isFirm: false });
      this.#advance(); // All the others may be waiting for a retry.
      return Promise.resolve('owed');
    }
    if (entry.rank === 'owed') entry.deadlineAt = deadlineAt;
    entry.isRefused = false;
    const ended = entry.whenEnded();
    if (known === undefined) this.#report.queued(entry);
    this.#book.want(entry, request.priority);
    this.#advance();
    if (this.#book.get(entry.device) === entry) entry.hasWaited = true;
    return ended;
  }

  /** Sends what can be sent now, what waits for a retry once more, and gives up the rest at the signal. @returns how many wakes were lost */
  async drain(signal: AbortSignal): Promise<number> {
    this.#isStopping = true;
    const drained = new Promise<void>((resolve) => {
      this.#onDrained = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    this.#book.hasten();
    this.#advance();
    await drained;
    this.#isClosed = true;
    this.#cancelAdvance?.();
    const left = [...this.#book.close(), ...this.#sending];
    this.#end.abort();
    for (const entry of left) this.#drop(entry, 'stopped');
    return this.#lost + left.filter(({ isRefused }) => !isRefused).length;
  }

  #advance(): void {
    const { clock, concurrency, schedule } = this.#options;
    // Asked once a round: what is not begun because of it must be waited for, though the clock may have moved on since.
    let waitMs = this.#health.waitMs;
    while (waitMs === 0 && !this.#isClosed && this.#sending.size < this.#health.concurrency(concurrency)) {
      const entry = this.#book.next();
      if (entry === undefined) break;
      if (entry.rank !== 'owed' && clock() >= entry.deadlineAt)
        this.#owe(entry, { reason: 'deadline', waitMs: 0, isFirm: false });
      else this.#begin(entry);
      waitMs = this.#health.waitMs;
    }
    this.#cancelAdvance?.();
    if (waitMs > 0 && this.#book.queued > 0) this.#cancelAdvance = schedule(waitMs, () => this.#advance());
    if (this.#book.urgent * 2 < this.#options.capacity) this.#report.load(false);
    const isStuck = this.#book.queued === 0 || this.#health.state !== 'open';
    if (isStuck && this.#underWay === 0) this.#onDrained?.();
  }

  #begin(entry: LaneEntry): void {
    this.#health.begin();
    this.#report.begun(entry);
    this.#sending.add(entry);
    this.#book.begin(entry);
    this.#underWay++;
    this.#attempt(entry).catch(this.#options.onFault);
  }

  async #attempt(entry: LaneEntry): Promise<void> {
    try {
      const target = entry.hasWaited ? await this.#moved.look(entry) : entry.target;
      const delivery = typeof target === 'string' ? target : await this.#send(target, entry.kind);
      if (this.#sending.delete(entry)) this.#book.end(entry);
      if (delivery === 'moved') entry.end('sent');
      else if (delivery === 'unregistered') {
        this.#book.settle(entry);
        this.#drop(entry, 'unregistered');
      } else await this.#conclude(entry, this.#judge.rule(entry, delivery));
    } finally {
      this.#underWay--;
    }
    this.#advance();
  }

  #send(target: PushTarget, kind: WakeKind): Promise<Delivery> {
    const wake = { kind, timestamp: unixSeconds(this.#options.clock) };
    return this.#options.provider.send(target, wake, this.#end.signal).catch(this.#onProviderFault);
  }

  async #conclude(entry: LaneEntry, ruling: Ruling): Promise<void> {
    const { keys, kind, target } = entry;
    switch (ruling.next) {
      case 'renew':
        this.#book.settle(entry);
        // A chat wake renews nothing: whoever knows a key could keep it alive, and from giving way (contract 6).
        if (kind === 'silent_wake') await this.#options.consequences.renew(target, keys);
        return entry.end('sent');
      case 'forget':
        return this.#forget(entry);
      case 'owe':
        this.#owe(entry, ruling);
        break;
      case 'postpone':
        if (this.#isStopping) {
          this.#lost++;
          return this.#drop(entry, 'stopped');
        }
        this.#book.postpone(entry, ruling.waitMs);
        break;
    }
    // A key may have been registered with another device during the attempt.
    await this.#moved.follow(entry.device);
  }

  /** Forgets the device, and not the keys that have been registered with another one during the attempt. */
  async #forget(entry: LaneEntry): Promise<void> {
    await this.#options.consequences.forget(entry.target);
    const where = await this.#moved.look(entry);
    if (where === 'unregistered') this.#book.settle(entry);
    if (typeof where === 'string') return entry.end('sent');
    // A key that still points at the device is about to point elsewhere: that is not durable yet.
    this.#owe(entry, { reason: 'suspect', waitMs: CHANGE_UNDER_WAY_MS, isFirm: false });
  }

  #owe(entry: LaneEntry, { reason, waitMs, isFirm }: Omit<Owing, 'next'>): void {
    if (this.#isClosed) return entry.end('dropped');
    this.#report.owed(entry, reason);
    this.#book.owe(entry, waitMs, isFirm);
    entry.end('owed');
  }

  #drop(entry: LaneEntry, reason: DropReason): void {
    this.#report.dropped(entry, reason);
    entry.end('dropped');
  }
}
