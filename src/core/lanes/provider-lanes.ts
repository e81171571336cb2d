import { type Clock, type Schedule, unixSeconds } from '../basics/clock.ts';
import type { PushTarget } from '../registry/push-target.ts';
import type { Delivery, Owing, WakeKind } from './delivery.ts';
import type { DeliveryHealth } from './delivery-health.ts';
import { KnownDevices } from './known-devices.ts';
import { LaneBook } from './lane-book.ts';
import { LaneConsequences } from './lane-consequences.ts';
import { LaneEntry } from './lane-entry.ts';
import type { LaneLine, OpenLines } from './lane-queue.ts';
import { LaneReport } from './lane-report.ts';
import { LaneSet } from './lane-set.ts';
import { LaneTurns, type LaneTurnsOptions, type Turn } from './lane-turns.ts';
import { Lane, type LaneOptions, type LaneTroubles } from './lane.ts';
import type { PushProvider } from './push-provider.ts';
import { turnAway } from './turned-away.ts';
import type { Wake, WakeEnd } from './wake.ts';

/** A lane costs some three kilobytes while a wake waits in it: 60 MB in all. */
const MOST_LANES = 20_000;
/** Devices that had a wake delivered not long ago, where lanes may be slow at will: some 5 MB. */
const KNOWN_DEVICES = 20_000;

export interface ProviderLanesOptions extends Omit<LaneOptions, 'provider'> {
  readonly provider: PushProvider;
  /** How the provider has fared of late; told of every answer. */
  readonly providerHealth: DeliveryHealth;
  /** The name of the device's lane: all devices of one push server share it. */
  readonly laneOf: (target: PushTarget) => string;
  /** Attempts under way at once in each lane. */
  readonly concurrency: number;
  /** Wakes that may wait for their turn or for a retry in each lane. Beyond it a device is owed its wake. */
  readonly capacity: number;
  /** Attempts under way at once in all lanes that deliver. Beyond it each of these lanes has one. */
  readonly crowd?: number | undefined;
  /** What all lanes of one standing share; a standing that is absent has no limit. */
  readonly shares?: LaneTurnsOptions['shares'] | undefined;
  /** Lanes that are kept at once. */
  readonly mostLanes?: number | undefined;
  /** `WAKE_DEADLINE_SECONDS`, in milliseconds: after it a wake is given up and owed. */
  readonly deadlineMs: number;
  /** The time of day, in milliseconds since the epoch: a push says when it was sent. */
  readonly timeOfDay: Clock;
  readonly schedule: Schedule;
  /** Told of a fault that nothing here can mend. The program then stops. */
  readonly onFault: (fault: unknown) => void;
}

type Entry = LaneEntry<Lane>;

/**
 * All lanes of one provider, one for each of its push servers. Each lane has a bounded queue, a bounded number of attempts under way at
 * once, and pauses of its own. A device has at most one unsent wake. A wake that cannot be sent now becomes owed, and is sent when no
 * other wake waits in its lane (contract 5). `LaneTurns` divides sockets and processor time among the lanes.
 */
export class ProviderLanes {
  readonly #options: ProviderLanesOptions;
  readonly #lanes: LaneSet;
  readonly #turns: LaneTurns;
  readonly #report: LaneReport;
  readonly #book: LaneBook;
  readonly #consequences: LaneConsequences;
  /** Absent for a push service such as FCM, which no client can make slow. */
  readonly #known: KnownDevices | undefined;
  /** Attempts whose consequences have not all followed yet. */
  #underWay = 0;
  #isStopping = false;
  #isClosed = false;
  #onDrained: (() => void) | undefined;

  constructor(options: ProviderLanesOptions) {
    this.#options = options;
    const provider = options.provider.name;
    const { crowd = Infinity, monotonic, mostLanes = MOST_LANES, schedule, shares = {}, telemetry } = options;
    const { createBreaker, eviction, pauses, retry, startsSlowly } = options;
    const advance = (lane: Lane): void => this.#advance(lane);
    const ofLane = { createBreaker, eviction, monotonic, pauses, provider, retry, startsSlowly, telemetry };
    this.#lanes = new LaneSet({ most: mostLanes, schedule, create: (name) => new Lane(name, ofLane) });
    this.#turns = new LaneTurns({ crowd, monotonic, schedule, shares, onTurn: advance });
    this.#report = new LaneReport({ telemetry, provider, monotonic });
    this.#book = new LaneBook(schedule, advance);
    this.#known = startsSlowly ? new KnownDevices(KNOWN_DEVICES) : undefined;
    this.#consequences = new LaneConsequences({ book: this.#book, report: this.#report, known: this.#known });
  }

  /** The number of wakes, without the owed ones that are not being sent. */
  get pending(): number {
    return this.#book.pending;
  }

  /** Devices that are owed a wake. */
  get owed(): number {
    return this.#book.owed;
  }

  /** Wakes whose turn may come now, in all lanes. */
  get queued(): number {
    let queued = 0;
    for (const { queue } of this.#lanes) queued += queue.size;
    return queued;
  }

  /** How many lanes have which trouble at this moment. */
  get troubles(): LaneTroubles {
    return this.#lanes.troubles;
  }

  /** Lanes in use. */
  get count(): number {
    return this.#lanes.count;
  }

  /** The program stops, and no more wakes are taken. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The live wake of the device that has not been sent yet. */
  unsent(device: string): Wake | undefined {
    const entry = this.#book.get(device);
    return entry?.rank === 'live' ? entry.wake : undefined;
  }

  /** For how long its push service wants the device to be left alone, in milliseconds. */
  restMs(device: string): number {
    return Math.max(0, (this.#book.get(device)?.restUntil ?? 0) - this.#options.monotonic());
  }

  /** Another server of the fleet pauses the lane. */
  pause(name: string, ms: number): void {
    const lane = this.#lanes.get(name);
    lane?.health.pauseFor(ms);
    if (lane !== undefined) this.#advance(lane);
  }

  /** Counts the strikes of the devices of the target's lane. @param mayMake whether the lane is made, if it is not in use */
  judgeOf(target: PushTarget, mayMake = false): Lane['judge'] | undefined {
    const lane = mayMake ? this.#laneOf(target) : this.#lanes.get(this.#options.laneOf(target));
    return lane?.judge;
  }

  /** The registrations behind the device's wake have changed: if it waits here, it is asked at once where it is wanted. */
  follow(device: string): Promise<void> {
    return this.#consequences.follow(device);
  }

  request(wake: Wake): Promise<WakeEnd> {
    if (this.#isClosed) return Promise.resolve('dropped');
    const entry = this.#book.get(wake.device);
    if (entry !== undefined) return this.#join(entry, wake);
    const lane = this.#laneOf(wake.target);
    if (lane === undefined) return Promise.resolve(turnAway(wake, this.#options.telemetry));
    return this.#enter(new LaneEntry(wake, lane, this.#options.monotonic() + this.#options.deadlineMs));
  }

  /**
   * Sends the wakes that can be sent now, tries those that wait for a retry once more, and gives up the rest at the signal.
   *
   * @returns how many wakes were lost
   */
  async drain(signal: AbortSignal): Promise<number> {
    this.#isStopping = true;
    this.#consequences.stop();
    const drained = new Promise<void>((resolve) => {
      this.#onDrained = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    this.#book.hasten();
    this.#turns.hasten();
    for (const lane of this.#lanes) this.#advance(lane);
    this.#endIfDrained();
    await drained;
    this.#isClosed = true;
    this.#consequences.close();
    this.#lanes.close();
    const left = this.#book.close();
    this.#turns.abort();
    for (const entry of left) this.#consequences.drop(entry, 'stopped');
    return this.#consequences.lost + left.filter(({ isRefused }) => !isRefused).length;
  }

  /** A wake for a device that has none unsent. */
  #enter(entry: Entry): Promise<WakeEnd> {
    const { lane } = entry;
    if (this.#known?.has(entry.device) === true) entry.line = 'known';
    if (!this.#hasPlace(lane)) {
      this.#consequences.owe(entry, { reason: 'overload', waitMs: 0, isFirm: false });
      this.#advance(lane); // All other wakes of the lane may wait for a retry; then this one can go.
      return Promise.resolve('owed');
    }
    const ended = entry.whenEnded();
    this.#report.queued(entry);
    this.#book.add(entry);
    this.#advance(lane);
    if (entry.state.is !== 'sending') entry.hasWaited = true;
    return ended;
  }

  /** A wake for a device that has one unsent: one push answers both. */
  #join(entry: Entry, wake: Wake): Promise<WakeEnd> {
    const { lane } = entry;
    const isOwed = entry.rank === 'owed';
    // An entry that is not owed has its place already.
    const hasPlace = !isOwed || this.#hasPlace(lane);
    if (entry.line !== 'retries') entry.line = this.#known?.has(entry.device) === true ? 'known' : 'first';
    this.#report.absorbed(entry);
    entry.absorb(wake);
    if (!hasPlace || (isOwed && entry.mustWait)) {
      this.#advance(lane); // As in `#enter`.
      return Promise.resolve('owed');
    }
    if (isOwed) entry.deadlineAt = this.#options.monotonic() + this.#options.deadlineMs;
    entry.isRefused = false;
    const ended = entry.whenEnded();
    this.#book.raise(entry, wake.priority);
    this.#advance(lane);
    return ended;
  }

  /** Whether the lane has room for one more wake that is not owed. In a full lane, a wake that waits for a retry becomes owed and makes room. */
  #hasPlace(lane: Lane): boolean {
    if (lane.urgent < this.#options.capacity) return true;
    for (const postponed of lane.postponed) {
      this.#consequences.demote(postponed);
      return true;
    }
    lane.report.load(true);
    return false;
  }

  /** The lane of a device. Where there is no room for the lane, lanes that have never delivered are given up. */
  #laneOf(target: PushTarget): Lane | undefined {
    const name = this.#options.laneOf(target);
    if (!this.#lanes.admits(name))
      for (const entry of this.#book.giveUp(this.#lanes.displace()))
        this.#consequences.drop(entry, 'displaced');
    return this.#lanes.of(name);
  }

  /** Sends the wakes that the lane may send now. If the lane is paused, a timer calls this again after the pause. */
  #advance(lane: Lane): void {
    const { capacity, concurrency, schedule } = this.#options;
    // Read once a round. A wake that is not sent because of this wait needs the timer below, even if the wait has ended by then.
    let waitMs = lane.health.waitMs;
    while (waitMs === 0 && !this.#isClosed) {
      const places = this.#turns.concurrency(lane, concurrency);
      if (lane.sending >= places || !this.#sendNext(lane, lane.openLines(places))) break;
      waitMs = lane.health.waitMs;
    }
    lane.cancelAdvance?.();
    if (waitMs > 0 && lane.queue.size > 0) lane.cancelAdvance = schedule(waitMs, () => this.#advance(lane));
    if (lane.urgent * 2 < capacity) lane.report.load(false);
  }

  /** Sends the wake whose turn it is, or puts it off. @returns whether there was one that may be sent now */
  #sendNext(lane: Lane, open: OpenLines): boolean {
    const entry = lane.queue.next(open);
    if (entry === undefined) return false;
    const putOff = this.#putOff(entry);
    const turn = putOff === undefined ? this.#turns.take(lane) : undefined;
    if (putOff === undefined && turn === undefined) return false;
    const line = this.#book.take(entry);
    if (putOff !== undefined) this.#consequences.owe(entry, putOff);
    else if (turn !== undefined) this.#begin(entry, line, turn);
    return true;
  }

  /** Why a wake whose turn has come must not be sent: the wake is too late, or its device is a suspect that was tried not long ago. */
  #putOff({ deadlineAt, device, lane, rank }: Entry): Omit<Owing, 'next'> | undefined {
    if (rank !== 'owed' && this.#options.monotonic() >= deadlineAt)
      return { reason: 'deadline', waitMs: 0, isFirm: false };
    const waitMs = lane.judge.restMs(device);
    return waitMs > 0 ? { reason: 'suspect', waitMs, isFirm: true } : undefined;
  }

  #begin(entry: Entry, line: LaneLine, turn: Turn): void {
    entry.lane.health.begin();
    entry.lane.sendingFrom[line]++;
    this.#report.begun(entry);
    this.#book.begin(entry);
    this.#underWay++;
    this.#attempt(entry, line, turn).catch(this.#options.onFault);
  }

  async #attempt(entry: Entry, line: LaneLine, turn: Turn): Promise<void> {
    const { lane } = entry;
    try {
      const target = entry.hasWaited ? await entry.look() : entry.target;
      const delivery =
        typeof target === 'string' ? target : await this.#send(target, entry.wake.kind, turn.signal);
      lane.sendingFrom[line]--;
      this.#turns.end(turn);
      this.#book.end(entry);
      if (delivery === 'moved') entry.end('sent');
      else if (delivery === 'unregistered') this.#consequences.release(entry);
      else await this.#consequences.conclude(entry, delivery);
    } finally {
      this.#underWay--;
    }
    this.#advance(lane);
    this.#endIfDrained();
  }

  async #send(target: PushTarget, kind: WakeKind, signal: AbortSignal): Promise<Delivery> {
    const { monotonic, provider, providerHealth, timeOfDay } = this.#options;
    const begunAt = monotonic();
    try {
      const delivery = await provider.send(target, { kind, timestamp: unixSeconds(timeOfDay) }, signal);
      this.#report.answered(begunAt);
      providerHealth.note(delivery);
      return delivery;
    } catch (fault) {
      // A provider that throws is our mistake, and not the device's.
      this.#report.fault(fault);
      return { outcome: 'retry', reason: 'provider_fault' };
    }
  }

  #endIfDrained(): void {
    if (this.#isStopping && this.#underWay === 0 && this.#lanes.areStuck) this.#onDrained?.();
  }
}
