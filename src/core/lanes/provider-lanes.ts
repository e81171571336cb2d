import { unixSeconds } from '../basics/clock.ts';
import type { Delivery, WakeKind } from './delivery.ts';
import { describeError } from '../basics/describe-error.ts';
import { KnownDevices } from './known-devices.ts';
import { LaneBook } from './lane-book.ts';
import { LaneConsequences } from './lane-consequences.ts';
import { LaneEntry } from './lane-entry.ts';
import { LaneHost } from './lane.ts';
import { LaneHosts } from './lane-set.ts';
import type { Owing } from './lane-judge.ts';
import type { LaneLine, OpenLines } from './lane-queue.ts';
import { LaneReport } from './lane-report.ts';
import type { LaneTroubles } from './lane-trouble.ts';
import { LaneTurns, type Turn } from './lane-turns.ts';
import type { PushLaneOptions } from './push-lane-options.ts';
import type { PushTarget } from '../registry/push-target.ts';
import { turnAway } from './turn-away.ts';
import type { Wake, WakeEnd } from './wake.ts';

type Entry = LaneEntry<LaneHost>;

/** Each costs about three kilobytes while a wake waits for it: 60 MB in all. */
const MOST_HOSTS = 20_000;
/** Devices that are known to work, where hosts may be slow at will: some 5 MB. */
const KNOWN_DEVICES = 20_000;

/**
 * The way to all push servers of one provider, its hosts. Each host has a bounded queue, so many attempts at once, and pauses of its own; retries hold no
 * slot, and every device has at most one wake that is unsent. What cannot be sent now is owed, and paid when nothing else waits for that
 * host (contract 5). What all hosts need is shared out by their standing (`lane-turns.ts`).
 */
export class PushLane {
  readonly #options: PushLaneOptions;
  readonly #hosts: LaneHosts;
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

  /** A provider that throws is our mistake and not the device's. */
  readonly #onProviderFault = (fault: unknown): Delivery => {
    this.#report.fault(describeError(fault));
    return { outcome: 'retry', reason: 'provider_fault' };
  };

  constructor(options: PushLaneOptions) {
    this.#options = options;
    const provider = options.provider.name;
    const { crowd = Infinity, mostHosts: most = MOST_HOSTS, shares = {}, schedule } = options;
    const hostOptions = { ...options, provider };
    const advance = (host: LaneHost): void => this.#advance(host);
    this.#hosts = new LaneHosts({ most, schedule, create: () => new LaneHost(hostOptions) });
    this.#turns = new LaneTurns({ ...options, crowd, shares, onTurn: advance });
    this.#report = new LaneReport({ ...options, provider });
    this.#book = new LaneBook(schedule, advance);
    this.#known = options.startsSlowly ? new KnownDevices(KNOWN_DEVICES) : undefined;
    this.#consequences = new LaneConsequences({ book: this.#book, report: this.#report, known: this.#known });
  }

  /** Wakes that wait or are under way, the owed ones not counted. */
  get pending(): number {
    return this.#book.pending;
  }

  /** Devices that are owed a wake. */
  get owed(): number {
    return this.#book.owed;
  }

  /** How many hosts have which trouble at this moment. */
  get troubles(): LaneTroubles {
    return this.#hosts.troubles;
  }

  /** Hosts in use. */
  get hosts(): number {
    return this.#hosts.count;
  }

  /** The live wake of the device that has not been sent yet. */
  unsent(device: string): Wake | undefined {
    const entry = this.#book.get(device);
    return entry?.rank === 'live' ? entry.wake : undefined;
  }

  /** Whether it takes no more wakes: the program stops. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The device has been registered anew: it is no suspect any more. */
  clearSuspect(target: PushTarget, device: string): void {
    this.#hosts.get(this.#options.hostOf(target))?.judge.clearSuspect(device);
  }

  /** The registrations behind the device's wake have changed. A wake that waits is asked at once where it is wanted: its turn may come hours later. */
  follow(device: string): Promise<void> {
    return this.#consequences.follow(device);
  }

  request(wake: Wake): Promise<WakeEnd> {
    if (this.#isClosed) return Promise.resolve('dropped');
    const entry = this.#book.get(wake.device);
    if (entry !== undefined) return this.#join(entry, wake);
    const host = this.#hostOf(wake.target);
    if (host === undefined) return Promise.resolve(turnAway(wake, this.#options.telemetry));
    return this.#enter(new LaneEntry(wake, host, this.#deadline()));
  }

  /** Sends what can be sent now, what waits for a retry once more, and gives up the rest at the signal. @returns how many wakes were lost */
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
    for (const host of this.#hosts) this.#advance(host);
    this.#endIfDrained();
    await drained;
    this.#isClosed = true;
    this.#consequences.close();
    this.#hosts.close();
    const left = this.#book.close();
    this.#turns.abort();
    for (const entry of left) this.#consequences.drop(entry, 'stopped');
    return this.#consequences.lost + left.filter(({ isRefused }) => !isRefused).length;
  }

  /** A wake for a device that has none unsent. */
  #enter(entry: Entry): Promise<WakeEnd> {
    const { lane: host } = entry;
    if (this.#known?.has(entry.device) === true) entry.line = 'known';
    if (!this.#hasPlace(host)) {
      this.#consequences.owe(entry, { reason: 'overload', waitMs: 0, isFirm: false });
      this.#advance(host); // All the others may be waiting for a retry.
      return Promise.resolve('owed');
    }
    const ended = entry.whenEnded();
    this.#report.queued(entry);
    this.#book.add(entry);
    this.#advance(host);
    if (entry.state.is !== 'sending') entry.hasWaited = true;
    return ended;
  }

  /** A wake for a device that has one unsent: one push answers both. */
  #join(entry: Entry, wake: Wake): Promise<WakeEnd> {
    const { lane: host } = entry;
    const isOwed = entry.rank === 'owed';
    // An entry that is not merely owed has its place already.
    const hasPlace = !isOwed || this.#hasPlace(host);
    if (entry.line !== 'retries') entry.line = this.#known?.has(entry.device) === true ? 'known' : 'first';
    this.#report.absorbed(entry);
    entry.absorb(wake);
    if (!hasPlace || (isOwed && entry.mustWait)) {
      this.#advance(host); // All the others may be waiting for a retry.
      return Promise.resolve('owed');
    }
    if (isOwed) entry.deadlineAt = this.#deadline();
    entry.isRefused = false;
    const ended = entry.whenEnded();
    this.#book.raise(entry, wake.priority);
    this.#advance(host);
    return ended;
  }

  #deadline(): number {
    return this.#options.clock() + this.#options.deadlineMs;
  }

  /** Whether there is room for one more entry that is not merely owed, if need be in the place of one that was postponed. */
  #hasPlace(host: LaneHost): boolean {
    if (host.urgent < this.#options.capacity || this.#makesRoom(host)) return true;
    host.report.load(true);
    return false;
  }

  /** The host of a device. Where there is no room for it, hosts that have never delivered give way. */
  #hostOf(target: PushTarget): LaneHost | undefined {
    const name = this.#options.hostOf(target);
    if (!this.#hosts.admits(name))
      for (const entry of this.#book.giveUp(this.#hosts.displace()))
        this.#consequences.drop(entry, 'displaced');
    return this.#hosts.of(name);
  }

  #advance(host: LaneHost): void {
    const { capacity, concurrency, schedule } = this.#options;
    // Asked once a round: what is not begun because of it must be waited for, though the clock may have moved on since.
    let waitMs = host.health.waitMs;
    while (waitMs === 0 && !this.#isClosed) {
      const places = this.#turns.concurrency(host, concurrency);
      if (host.sending >= places || !this.#sendNext(host, host.openLines(places))) break;
      waitMs = host.health.waitMs;
    }
    host.cancelAdvance?.();
    if (waitMs > 0 && host.queue.size > 0) host.cancelAdvance = schedule(waitMs, () => this.#advance(host));
    if (host.urgent * 2 < capacity) host.report.load(false);
  }

  /** Sends the wake whose turn it is, or puts it off. @returns whether there was one that may be sent now */
  #sendNext(host: LaneHost, open: OpenLines): boolean {
    const entry = host.queue.next(open);
    if (entry === undefined) return false;
    const putOff = this.#putOff(entry);
    const turn = putOff === undefined ? this.#turns.take(host) : undefined;
    if (putOff === undefined && turn === undefined) return false;
    const line = this.#book.take(entry);
    if (putOff !== undefined) this.#consequences.owe(entry, putOff);
    else if (turn !== undefined) this.#begin(entry, line, turn);
    return true;
  }

  /** A wake that was postponed gives its place in a full queue to one that is new. @returns whether there was one */
  #makesRoom({ postponed }: LaneHost): boolean {
    for (const entry of postponed) {
      this.#consequences.demote(entry);
      return true;
    }
    return false;
  }

  /** Why a wake must not be sent though its turn has come: it is too late, or its device is a suspect that was tried not long ago. */
  #putOff({ deadlineAt, device, lane, rank }: Entry): Omit<Owing, 'next'> | undefined {
    if (rank !== 'owed' && this.#options.clock() >= deadlineAt)
      return { reason: 'deadline', waitMs: 0, isFirm: false };
    const waitMs = lane.judge.restMs(device);
    return waitMs > 0 ? { reason: 'suspect', waitMs, isFirm: true } : undefined;
  }

  #endIfDrained(): void {
    if (this.#isStopping && this.#underWay === 0 && this.#hosts.areStuck) this.#onDrained?.();
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
    const { lane: host } = entry;
    try {
      const target = entry.hasWaited ? await entry.look() : entry.target;
      const delivery =
        typeof target === 'string' ? target : await this.#send(target, entry.wake.kind, turn.signal);
      host.sendingFrom[line]--;
      this.#turns.end(turn);
      this.#book.end(entry);
      if (delivery === 'moved') entry.end('sent');
      else if (delivery === 'unregistered') this.#consequences.release(entry);
      else await this.#consequences.conclude(entry, host.judge.rule(entry, delivery));
    } finally {
      this.#underWay--;
    }
    this.#advance(host);
    this.#endIfDrained();
  }

  #send(target: PushTarget, kind: WakeKind, signal: AbortSignal): Promise<Delivery> {
    const push = { kind, timestamp: unixSeconds(this.#options.timeOfDay) };
    return this.#options.provider.send(target, push, signal).catch(this.#onProviderFault);
  }
}
