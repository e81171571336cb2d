import { SECOND_MS, unixSeconds } from '../basics/clock.ts';
import type { Delivery, WakeKind } from './delivery.ts';
import { describeError } from '../basics/describe-error.ts';
import { KnownDevices } from './known-devices.ts';
import { LaneBook } from './lane-book.ts';
import { LaneEntry } from './lane-entry.ts';
import { LaneHost } from './lane-host.ts';
import { LaneHosts } from './lane-hosts.ts';
import type { Owing, Ruling } from './lane-judge.ts';
import type { OpenLines } from './lane-queue.ts';
import { LaneReport, type DropReason } from './lane-report.ts';
import type { LaneTroubles } from './lane-trouble.ts';
import { LaneTurns, type Turn } from './lane-turns.ts';
import type { PushLaneOptions } from './push-lane-options.ts';
import type { PushTarget } from '../registry/push-target.ts';
import { turnAway } from './turn-away.ts';
import type { Wake, WakeEnd } from './wake.ts';

/** A change of a registration is durable within this, or has been taken back. */
const CHANGE_UNDER_WAY_MS = SECOND_MS;

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
  /** Absent for a push service such as FCM, which no client can make slow. */
  readonly #known: KnownDevices | undefined;
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
    const provider = options.provider.name;
    const { crowd = Infinity, mostHosts: most = MOST_HOSTS, shares = {}, schedule } = options;
    const hostOptions = { ...options, provider };
    const advance = (host: LaneHost): void => this.#advance(host);
    this.#hosts = new LaneHosts({ most, schedule, create: () => new LaneHost(hostOptions) });
    this.#turns = new LaneTurns({ ...options, crowd, shares, onTurn: advance });
    this.#report = new LaneReport({ ...options, provider });
    this.#book = new LaneBook(schedule, advance);
    this.#known = options.startsSlowly ? new KnownDevices(KNOWN_DEVICES) : undefined;
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
  async follow(device: string): Promise<void> {
    const entry = this.#book.get(device);
    if (entry === undefined) return;
    const wanted = await entry.wake.stillWanted();
    // If its turn has come meanwhile, the wake was asked again for that.
    if (wanted.move === undefined || this.#book.get(device) !== entry) return;
    const isWhole = entry.move(wanted.move);
    if (wanted.here !== undefined || !isWhole) return;
    this.#book.remove(entry);
    entry.end('sent');
  }

  request(wake: Wake): Promise<WakeEnd> {
    if (this.#isClosed) return Promise.resolve('dropped');
    const deadlineAt = this.#options.clock() + this.#options.deadlineMs;
    const waiting = this.#book.get(wake.device);
    const host = waiting?.host ?? this.#hostOf(wake.target);
    if (host === undefined) return Promise.resolve(turnAway(wake, this.#options.telemetry));
    const entry = waiting ?? new LaneEntry(wake, host, deadlineAt);
    // A wake that waits already and is not merely owed has its place.
    const needsPlace = waiting === undefined || waiting.rank === 'owed';
    const isFull = needsPlace && host.urgent >= this.#options.capacity && !this.#makesRoom(host);
    entry.isKnown = this.#known?.has(entry.device) === true;
    if (waiting !== undefined) this.#report.absorbed(waiting);
    waiting?.absorb(wake);
    if (isFull) host.report.load(true);
    if (isFull || (waiting?.rank === 'owed' && waiting.mustWait)) {
      if (waiting === undefined) this.#owe(entry, { reason: 'overload', waitMs: 0, isFirm: false });
      this.#advance(host); // All the others may be waiting for a retry.
      return Promise.resolve('owed');
    }
    if (entry.rank === 'owed') entry.deadlineAt = deadlineAt;
    entry.isRefused = false;
    const ended = entry.whenEnded();
    if (waiting === undefined) this.#report.queued(entry);
    this.#book.want(entry, wake.priority);
    this.#advance(host);
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
    this.#turns.hasten();
    for (const host of this.#hosts) this.#advance(host);
    this.#endIfDrained();
    await drained;
    this.#isClosed = true;
    this.#hosts.close();
    const left = this.#book.close();
    this.#turns.abort();
    for (const entry of left) this.#drop(entry, 'stopped');
    return this.#lost + left.filter(({ isRefused }) => !isRefused).length;
  }

  /** The host of a device. Where there is no room for it, hosts that have never delivered give way. */
  #hostOf(target: PushTarget): LaneHost | undefined {
    const name = this.#options.hostOf(target);
    if (!this.#hosts.admits(name))
      for (const entry of this.#book.giveUp(this.#hosts.displace())) this.#drop(entry, 'displaced');
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
    this.#book.take(entry);
    if (putOff !== undefined) this.#owe(entry, putOff);
    else if (turn !== undefined) this.#begin(entry, turn);
    return true;
  }

  /** A wake that was postponed gives its place in a full queue to one that is new. @returns whether there was one */
  #makesRoom({ postponed }: LaneHost): boolean {
    for (const entry of postponed) {
      this.#report.owed(entry, 'overload');
      this.#book.demote(entry);
      entry.end('owed');
      return true;
    }
    return false;
  }

  /** Why a wake must not be sent though its turn has come: it is too late, or its device is a suspect that was tried not long ago. */
  #putOff({ deadlineAt, device, host, rank }: LaneEntry): Omit<Owing, 'next'> | undefined {
    if (rank !== 'owed' && this.#options.clock() >= deadlineAt)
      return { reason: 'deadline', waitMs: 0, isFirm: false };
    const waitMs = host.judge.restMs(device);
    return waitMs > 0 ? { reason: 'suspect', waitMs, isFirm: true } : undefined;
  }

  #endIfDrained(): void {
    if (this.#isStopping && this.#underWay === 0 && this.#hosts.areStuck) this.#onDrained?.();
  }

  #begin(entry: LaneEntry, turn: Turn): void {
    entry.host.health.begin();
    entry.host.sendingFrom[entry.line]++;
    this.#report.begun(entry);
    this.#book.begin(entry);
    this.#underWay++;
    this.#attempt(entry, turn).catch(this.#options.onFault);
  }

  async #attempt(entry: LaneEntry, turn: Turn): Promise<void> {
    const { host, line } = entry;
    try {
      const target = entry.hasWaited ? await entry.look() : entry.target;
      const delivery =
        typeof target === 'string' ? target : await this.#send(target, entry.wake.kind, turn.signal);
      host.sendingFrom[line]--;
      this.#turns.end(turn);
      this.#book.end(entry);
      if (delivery === 'moved') entry.end('sent');
      else if (delivery === 'unregistered') {
        this.#book.pay(entry);
        this.#drop(entry, 'unregistered');
      } else await this.#conclude(entry, host.judge.rule(entry, delivery));
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

  async #conclude(entry: LaneEntry, ruling: Ruling): Promise<void> {
    entry.hasFailed = ruling.next === 'owe' || ruling.next === 'postpone';
    if (ruling.next === 'renew') this.#known?.add(entry.device);
    else this.#known?.remove(entry.device);
    switch (ruling.next) {
      case 'renew':
        this.#book.pay(entry);
        await entry.wake.onDelivered();
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
    await this.follow(entry.device);
  }

  /** Forgets the device, and not the keys that have been registered with another one during the attempt. */
  async #forget(entry: LaneEntry): Promise<void> {
    await entry.wake.onGone();
    const where = await entry.look();
    if (where === 'unregistered') this.#book.pay(entry);
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
