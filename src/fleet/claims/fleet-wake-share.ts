import { MINUTE_MS, type Clock, type Schedule } from '../../core/basics/clock.ts';
import type {
  Claim,
  ClaimReason,
  EventOfDevice,
  EventStanding,
  SharedWake,
  WakeShare,
  WakeShareListener,
} from '../../core/fleet/wake-share.ts';
import type { WakeEnd } from '../../core/lanes/wake.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { EngineUnavailable, type Engine, type StreamEntry, type StreamPlace } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import type { ValueSealer } from '../engine/value-sealer.ts';
import { ClaimBatches, headOf, newsHead } from './claim-batches.ts';
import { ClaimRing } from './claim-ring.ts';
import { FleetSession, FLEET_TIMING, type FleetTiming } from './fleet-session.ts';
import { FleetOwedDevices } from './fleet-owed-devices.ts';
import { HandedOn } from './handed-on.ts';
import { Handovers } from './handovers.ts';
import { OpenClaims } from './open-claims.ts';
import { Recall } from './recall.ts';
import { standingsOf } from './standings.ts';
import { ToldClaims } from './told-claims.ts';
import { encodeWake } from './wake-codec.ts';
import { encodeWindows } from './window-codec.ts';

export interface FleetWakeShareOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly sealer: ValueSealer;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  readonly listener: WakeShareListener;
  /** `WakePolicy.groupOf`. */
  readonly groupOf: (device: string) => string;
  /** Whether this server knows all registrations by now. Until then it takes nothing from others: the keys of a wake may seem unknown. */
  readonly isCurrent: () => boolean;
  readonly telemetry: Pick<Telemetry, 'count' | 'log'>;
  readonly onFault: (fault: unknown) => void;
}

/** So many claims whose wakes were dropped are remembered. */
const MOST_DROPPED = 16_384;
const NO_VALUE = Buffer.alloc(0);
/** No copy of a chat wake comes later. It is kept for longer than the server that handed it on may look for it ({@link HandedOn}). */
const CHAT_LIFE = Buffer.from(`${5 * MINUTE_MS}`);
const STILL_OPEN = Buffer.from('1');
const WON_ALONE: Claim = { outcome: 'won', windows: [] };

/**
 * Shares wakes with the other servers through the engine. While the engine is down, every claim is won here; that is written when the
 * engine is up again.
 */
export class FleetWakeShare implements WakeShare {
  /** The owed wakes of this server. */
  readonly owed: FleetOwedDevices;
  /** What comes from other servers. */
  readonly handovers: Handovers;
  readonly #options: FleetWakeShareOptions;
  readonly #session: FleetSession;
  readonly #batches: ClaimBatches;
  readonly #told: ToldClaims;
  readonly #open = new OpenClaims();
  readonly #done: ClaimRing;
  readonly #dropped: ClaimRing;
  readonly #handedOn: HandedOn;

  constructor(options: FleetWakeShareOptions, timing: FleetTiming = FLEET_TIMING) {
    this.#options = options;
    const { engine, groupOf, isCurrent, listener, monotonic, names, onFault, schedule, sealer, telemetry } =
      options;
    this.#done = new ClaimRing(monotonic);
    this.#dropped = new ClaimRing(monotonic, MOST_DROPPED);
    this.#handedOn = this.#createHandedOn();
    this.#session = new FleetSession({
      engine,
      names,
      schedule,
      monotonic,
      timing,
      recall: () => recall.all().then(() => this.#handedOn.checkLater()),
      onMembership: () => {
        // Wakes that were handed to a session that is gone may have been lost with its inbox.
        this.#handedOn.checkLater();
        listener.onMembership();
      },
      onDead: (sessions) => this.handovers.adopt(sessions),
      onPauses: (pauses) => this.handovers.onPauses(pauses),
      onFault,
    });
    this.#batches = new ClaimBatches({
      engine,
      names,
      schedule,
      monotonic,
      session: () => this.#session.id,
      renew: () => this.#session.beat(),
      groupNews: (group, letter) => this.#groupNews(group, letter),
      onFault,
    });
    this.#told = this.#createTold();
    this.owed = new FleetOwedDevices({ batches: this.#batches, open: this.#open, names, sealer, groupOf });
    this.handovers = new Handovers({
      engine,
      names,
      sealer,
      session: this.#session,
      batches: this.#batches,
      listener,
      owed: this.owed,
      isCurrent,
      telemetry,
      onFault,
    });
    const recall = this.#createRecall();
  }

  /** How many servers the fleet has, as far as is known. */
  get servers(): number {
    return this.#session.membership.size;
  }

  get isCertain(): boolean {
    return this.#session.isSettled && !this.#session.isDoubtful && !this.#open.hasLost;
  }

  /** The id under which this server speaks to the engine. It has another one after others have taken it for dead. */
  get session(): Buffer {
    return this.#session.id;
  }

  /** Begins to count as a member of the fleet. Resolves after the first word with the engine, or at once if that is down. */
  start(): Promise<void> {
    return this.#session.start();
  }

  /** Tells the engine what has happened here. Resolves when that is written, or the engine is down. */
  async flush(): Promise<void> {
    await this.#session.settled();
    await this.#batches.flush();
  }

  /** Says no more that this server lives. */
  stop(): void {
    this.#handedOn.stop();
    this.#session.stop();
  }

  /** The program has stopped: what is still open goes to the other servers at once. */
  async leave(): Promise<void> {
    this.#handedOn.stop();
    await this.#batches.flush();
    await this.#session.leave();
  }

  get doubts(): number {
    return this.#session.doubts;
  }

  owns(group: string): boolean {
    return this.ownsLot(this.lotOf(group));
  }

  lotOf(group: string): number {
    return this.#options.names.lot(group);
  }

  ownsLot(lot: number): boolean {
    return this.#session.ownsLot(lot);
  }

  /** The streams that this server reads, for `Engine.tail`. */
  streams(): readonly StreamPlace[] {
    return [...this.handovers.places(), ...(this.servers > 1 ? this.#told.places() : [])];
  }

  /** Gets what `Engine.tail` has read. */
  onEntries(key: string, entries: readonly StreamEntry[]): void {
    this.handovers.onEntries(key, entries);
    this.#told.onEntries(key, entries);
  }

  async claim(event: string, wakes: readonly SharedWake[], reason: ClaimReason): Promise<readonly Claim[]> {
    const { engine, names, sealer } = this.#options;
    const { membership } = this.#session;
    if (this.#session.isDoubtful) await this.#session.untilCertain();
    const claims = wakes.map((wake) => names.claim(event, wake.device));
    // Counts as open from now on, so that the group's lease is not given up meanwhile.
    for (const { group } of wakes) this.#open.hold(group);
    let answers: readonly Claim[];
    try {
      if (!engine.isUp) throw new EngineUnavailable('');
      const args: Buffer[] = [];
      for (const [index, wake] of wakes.entries()) {
        const claim = claims[index] ?? NO_VALUE;
        const owner = reason === 'open' ? membership.ownerOf(wake.group) : this.#session.id;
        args.push(
          headOf(claim, membership.nameOf(wake.group), reason, owner),
          sealer.seal(encodeWake(event, wake), claim),
        );
      }
      answers = await this.#batches.claim(args);
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) this.#options.onFault(error);
      answers = wakes.map(() => WON_ALONE);
    }
    for (const [index, wake] of wakes.entries()) {
      const answer = answers[index] ?? WON_ALONE;
      const outcome = answer === WON_ALONE ? 'degraded' : answer.outcome;
      this.#options.telemetry.count('fleet_claims', { outcome });
      if (answer.outcome === 'won') {
        this.#open.add(event, wake, claims[index] ?? NO_VALUE);
        if (answer !== WON_ALONE && this.servers > 1) this.#told.note(event, names.lot(wake.device));
      } else if (answer.outcome === 'handed') this.#handedOn.note(event, wake);
      this.#open.release(wake.group);
    }
    return answers;
  }

  end(event: string, wake: SharedWake, how: WakeEnd): void {
    const open = this.#open.take(event, wake.device);
    const name = open?.name ?? this.#options.names.claim(event, wake.device);
    (how === 'dropped' ? this.#dropped : this.#done).note(name);
    if (how === 'dropped') this.#batches.tell(newsHead('X', name), NO_VALUE);
    else this.#batches.tell(newsHead('D', name), wake.kind === 'chat_wake' ? CHAT_LIFE : NO_VALUE);
    if (open !== undefined) this.#batches.groupEnded(wake.group);
  }

  leaveWindows(group: string): void {
    if (this.#open.holds(group)) this.#batches.groupEnded(group);
  }

  look(asked: readonly EventOfDevice[]): Promise<readonly EventStanding[]> {
    const { engine, names, onFault } = this.#options;
    return standingsOf(asked, { engine, names, batches: this.#batches, session: this.#session, onFault });
  }

  mayStillSend(device: string): boolean | Promise<boolean> {
    if (!this.#session.isDoubtful) return !this.#open.isLost(device);
    return this.#session.untilCertain().then(() => !this.#open.isLost(device));
  }

  pause(lane: string, ms: number): void {
    this.handovers.pause(lane, ms);
  }

  #createTold(): ToldClaims {
    const { engine, listener, names, onFault, schedule, sealer } = this.#options;
    return new ToldClaims({
      engine,
      names,
      sealer,
      schedule,
      session: () => this.#session.id,
      onTold: (half, lot) => {
        // After an outage the engine has yet to hear what other servers have done.
        if (this.#session.isSettled) listener.onTold(half, lot);
      },
      onFault,
    });
  }

  #createRecall(): Recall {
    const { engine, listener, names, sealer } = this.#options;
    return new Recall({
      engine,
      names,
      sealer,
      session: this.#session,
      batches: this.#batches,
      open: this.#open,
      done: this.#done,
      dropped: this.#dropped,
      owed: this.owed,
      listener,
    });
  }

  #createHandedOn(): HandedOn {
    const { listener, monotonic, onFault, schedule } = this.#options;
    return new HandedOn({
      monotonic,
      schedule,
      look: (asked) => this.look(asked),
      onLost: (event, wake) => listener.onHanded(event, wake),
      onFault,
    });
  }

  #groupNews(group: string, letter: 'L' | 'R'): { readonly head: Buffer; readonly windows: Buffer } {
    const name = this.#session.membership.nameOf(group);
    const windows = encodeWindows(this.#options.listener.windowsOf(group));
    const head = this.#open.holds(group) ? newsHead(letter, name, STILL_OPEN) : newsHead(letter, name);
    return { head, windows };
  }
}
