import { SECOND_MS, type Clock, type Schedule } from '../../core/basics/clock.ts';
import { EngineUnavailable, type Engine, type EngineReply } from '../engine/engine.ts';
import { SESSION_BYTES, type FleetNames } from '../engine/names.ts';
import { Membership, newSession } from './membership.ts';
import { BEAT } from './beat-script.ts';
import { LEAVE } from './leave-script.ts';

/** After a standstill of the process the engine has so long to answer. Until then nothing is claimed: others may have woken for it. */
const PATIENCE_MS = 3 * SECOND_MS;
const ASK_AGAIN_MS = 50;

/** All in milliseconds. */
export interface FleetTiming {
  /** How long a server that is not heard of counts as alive. */
  readonly leaseMs: number;
  readonly beatMs: number;
  /** How long beyond a lease nobody counts as dead after an outage of the engine: all servers must have had the time to speak. */
  readonly graceMs: number;
  /** How long the other servers have, after this one has reached the engine again, to tell it what they have done without it. */
  readonly tellMs: number;
  /** After so long without the engine, the next server after its owner cares for a group, too: the owner may have died. */
  readonly aloneMs: number;
}

export const FLEET_TIMING: FleetTiming = {
  leaseMs: 5 * SECOND_MS,
  beatMs: SECOND_MS,
  graceMs: 1.5 * SECOND_MS,
  tellMs: 3 * SECOND_MS,
  aloneMs: 30 * SECOND_MS,
};

/** A pause of a lane that began before this server did. */
export interface KeptPause {
  readonly name: Buffer;
  readonly ms: number;
  readonly sealed: Buffer;
}

export interface FleetSessionOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  readonly timing: FleetTiming;
  /** The engine may not know what was done here: after an outage, and when this server speaks under another id. */
  readonly recall: () => Promise<void>;
  readonly onMembership: () => void;
  /** These sessions have died and left something. */
  readonly onDead: (sessions: readonly Buffer[]) => void;
  readonly onPauses: (pauses: readonly KeptPause[]) => void;
  readonly onFault: (fault: unknown) => void;
}

/**
 * Says once a second that this server lives, and hears who else does. A session that was silent for longer than its lease may have been
 * taken over; then it never speaks again, and this server takes a new id. Only the engine's clock says who is alive.
 */
export class FleetSession {
  readonly membership: Membership;
  readonly #options: FleetSessionOptions;
  #id = newSession();
  #isFirst = true;
  /** How often the engine may have lost something, and how often it was told everything again. */
  #doubts = 1;
  #recalled = 0;
  #recalling: Promise<void> | undefined;
  #beating: Promise<void> | undefined;
  #asking: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #isStarted = false;
  #isEnded = false;
  /** By the monotonic clock: when the last beat was sent that the engine has answered. */
  #heardAt = -Infinity;
  #downSince: number | undefined;
  /** Servers may have acted without the engine, and have not told it yet. */
  #isUntold = false;
  /** Until then others may have lost the engine, too, and not have reached it again. */
  #othersTellUntil = -Infinity;

  constructor(options: FleetSessionOptions) {
    this.#options = options;
    this.membership = new Membership(options.names, this.#id);
    const { engine, monotonic, timing } = options;
    if (!engine.isUp) this.#downSince = monotonic();
    engine.onDown(() => {
      this.#downSince ??= monotonic();
      this.#doubts++;
    });
    engine.onUp(() => {
      if (!this.#isStarted) return;
      this.#othersTellUntil = monotonic() + timing.tellMs;
      void this.beat();
    });
  }

  /** 8 random bytes. */
  get id(): Buffer {
    return this.#id;
  }

  /**
   * Whether others may have taken this server for dead: it was silent for nearly a lease, and not because the engine was down. The process
   * stood still. Its first connection may be lost by now, too.
   */
  get isDoubtful(): boolean {
    const { monotonic, timing } = this.#options;
    if (this.#isFirst) return false;
    const now = monotonic();
    const downFor = this.#downSince === undefined ? 0 : now - this.#downSince;
    return now - this.#heardAt - downFor > timing.leaseMs - SECOND_MS;
  }

  /** Whether this server has done nothing yet, with the engine or without it. */
  get #isNew(): boolean {
    return this.#isFirst && this.#doubts === 1;
  }

  /** Whether the engine knows by now what each server has done without it. */
  get isSettled(): boolean {
    return this.#recalled === this.#doubts && !this.#isUntold;
  }

  /** How often the engine may have lost something. */
  get doubts(): number {
    return this.#doubts;
  }

  /** Resolves when the engine has said whether this server lives, and what is open has been claimed again if not; or when the engine stays down. */
  untilCertain(): Promise<void> {
    this.#asking ??= this.#untilCertain().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  ownsLot(lot: number): boolean {
    const { monotonic, timing } = this.#options;
    const isLongAlone = this.#downSince !== undefined && monotonic() - this.#downSince > timing.aloneMs;
    return this.membership.isAmongFirst(lot, isLongAlone ? 2 : 1);
  }

  /** Beats from now on. Resolves after the first beat, or at once if the engine is down. */
  async start(): Promise<void> {
    this.#isStarted = true;
    const { beatMs } = this.#options.timing;
    const onTime = (): void => {
      if (this.#isEnded) return;
      this.#cancel = this.#options.schedule(beatMs, onTime);
      void this.beat();
    };
    this.#cancel = this.#options.schedule(beatMs, onTime);
    await this.beatAndRecall();
  }

  /** Resolves when the engine has answered, or is down. */
  beat(): Promise<void> {
    this.#beating ??= this.#beat()
      .catch((error: unknown) => this.#onError(error))
      .finally(() => (this.#beating = undefined));
    return this.#beating;
  }

  /** The same; after an outage, and if this server has to take another id, all that is open has been claimed again by then. */
  async beatAndRecall(): Promise<void> {
    await this.beat();
    await this.#recalling;
  }

  /** Resolves when what is said to the engine has been said. */
  async settled(): Promise<void> {
    await this.#beating;
    await this.#recalling;
  }

  /** Says no more that this server lives. */
  stop(): void {
    this.#isEnded = true;
    this.#cancel?.();
  }

  /** The clean end: others take over at once. */
  async leave(): Promise<void> {
    this.stop();
    await this.#beating;
    const { engine, names } = this.#options;
    if (engine.isUp && !this.#isFirst) await engine.run(LEAVE, [names.prefix], [this.#id]);
  }

  async #untilCertain(): Promise<void> {
    const { monotonic, schedule } = this.#options;
    const until = monotonic() + PATIENCE_MS;
    await this.beatAndRecall();
    while (this.isDoubtful && monotonic() < until && !this.#isEnded) {
      await new Promise<void>((resolve) => schedule(ASK_AGAIN_MS, resolve));
      await this.beatAndRecall();
    }
    // It is an outage like any other.
    if (this.isDoubtful) this.#heardAt = monotonic();
  }

  async #beat(): Promise<void> {
    const { engine, monotonic, names, timing } = this.#options;
    if (!engine.isUp || this.#isEnded) return;
    const sentAt = monotonic();
    const isFirst = this.#isFirst;
    const first = this.#isNew ? 2 : Number(isFirst);
    const args = [this.#id, timing.leaseMs, first, timing.leaseMs + timing.graceMs];
    const reply = await engine.run(BEAT, [names.prefix], args);
    if (reply === null) return this.#renew();
    this.#isFirst = false;
    this.#heardAt = sentAt;
    this.#hearPauses(reply);
    if (this.#recalled === this.#doubts) return this.#hear(reply);
    // Before others are believed to have come or gone, what was done without the engine is written. Beats go on meanwhile.
    this.#recalling ??= this.#recall(reply)
      .catch((error: unknown) => this.#onError(error))
      .finally(() => (this.#recalling = undefined));
  }

  async #recall(reply: EngineReply): Promise<void> {
    const doubts = this.#doubts;
    await this.#options.recall();
    this.#recalled = doubts;
    this.#hear(reply);
  }

  #onError(error: unknown): void {
    // The engine will be up again.
    if (!(error instanceof EngineUnavailable)) this.#options.onFault(error);
  }

  #renew(): Promise<void> {
    this.#id = newSession(this.#id);
    this.#isFirst = true;
    this.#doubts++;
    return this.#beat();
  }

  #hear(reply: EngineReply): void {
    this.#downSince = undefined;
    const [live, dead, gone, , left, onlyNew] = listIn(reply);
    const othersTell = this.#options.monotonic() < this.#othersTellUntil;
    const isGrace = Buffer.isBuffer(left) || othersTell;
    this.#isUntold = isGrace && (othersTell || onlyNew === undefined);
    // In a time of grace only those have ended that have said so.
    const ended = isGrace ? Buffer.concat([...sessionsIn(left), ...sessionsIn(gone)]) : undefined;
    if (Buffer.isBuffer(live) && this.membership.update(this.#id, live, ended)) this.#options.onMembership();
    const heirless = [...sessionsIn(gone), ...(isGrace ? [] : sessionsIn(dead))];
    if (heirless.length > 0) this.#options.onDead(heirless);
  }

  #hearPauses(reply: EngineReply): void {
    const pauses = pausesIn(listIn(listIn(reply)[3]));
    if (pauses.length > 0) this.#options.onPauses(pauses);
  }
}

function listIn(reply: EngineReply | undefined): readonly EngineReply[] {
  return Array.isArray(reply) ? (reply as readonly EngineReply[]) : [];
}

function sessionsIn(reply: EngineReply | undefined): Buffer[] {
  const bytes = Buffer.isBuffer(reply) ? reply : Buffer.alloc(0);
  return Array.from({ length: Math.floor(bytes.length / SESSION_BYTES) }, (_, index) =>
    bytes.subarray(index * SESSION_BYTES, (index + 1) * SESSION_BYTES),
  );
}

function pausesIn(reply: readonly EngineReply[]): KeptPause[] {
  const pauses: KeptPause[] = [];
  for (let at = 0; at + 2 < reply.length; at += 3) {
    const [name, ms, sealed] = reply.slice(at, at + 3);
    if (Buffer.isBuffer(name) && typeof ms === 'number' && Buffer.isBuffer(sealed))
      pauses.push({ name, ms, sealed });
  }
  return pauses;
}
