import type { Clock, Schedule } from '../basics/clock.ts';
import { Fifo } from '../basics/fifo.ts';
import type { Standing } from './lane-health.ts';
import type { Lane } from './lane.ts';
import { TokenBucket } from '../basics/token-bucket.ts';

/** What all lanes of one standing share. */
export interface TurnShare {
  /** Attempts under way at once. */
  readonly atOnce?: number;
  /** Attempts that begin within a second, in the long run. As many may begin at once. */
  readonly perSecond?: number;
  /** How long an attempt may go on while other lanes stand in line for its place, in milliseconds; without a limit if absent. */
  readonly patienceMs?: number;
}

/** The place of one attempt. */
export interface Turn {
  readonly standing: Standing;
  /** Aborts when the place is needed for others, or the program ends. */
  readonly signal: AbortSignal;
}

export interface LaneTurnsOptions {
  readonly shares: Readonly<Partial<Record<Standing, TurnShare>>>;
  /** Attempts under way at once in all lanes that deliver. Beyond it each of these lanes has one. */
  readonly crowd: number;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /** Told that a lane that stands in line may take a turn now. */
  readonly onTurn: (lane: Lane) => void;
}

/**
 * Divides what all lanes of a provider use: sockets, name look-ups, the processor. Each standing has a share of its own, so that dead,
 * slow or hostile push servers, however many, take nothing from those that deliver. When a share is used up, its lanes stand in line. A
 * lane has one place in the line, however many wakes it has. If the share has a limit of patience, an attempt that takes longer gives up
 * its place when a lane stands in line for it.
 */
export class LaneTurns {
  readonly #options: LaneTurnsOptions;
  readonly #lines: Readonly<Record<Standing, Line>>;
  readonly #end = new AbortController();

  constructor(options: LaneTurnsOptions) {
    this.#options = options;
    const { monotonic, onTurn, schedule, shares } = options;
    const line = (standing: Standing): Line =>
      new Line({ standing, share: shares[standing], monotonic, schedule, onTurn, end: this.#end.signal });
    this.#lines = {
      trusted: line('trusted'),
      fallen: line('fallen'),
      fresh: line('fresh'),
      failing: line('failing'),
    };
  }

  /** Attempts that one lane may have under way at once. @param most if nothing else limits them */
  concurrency({ health }: Lane, most: number): number {
    const isCrowded = this.#lines.trusted.underWay >= this.#options.crowd;
    return Math.min(health.concurrency(most), isCrowded && health.standing === 'trusted' ? 1 : most);
  }

  /**
   * Takes a turn for the lane, by its standing; {@link end} gives the turn back.
   *
   * @returns `undefined` if the lane must stand in line: `onTurn` is called when its turn has come
   */
  take(lane: Lane): Turn | undefined {
    return this.#lines[lane.health.standing].take(lane);
  }

  /** An attempt is over. */
  end(turn: Turn): void {
    this.#lines[turn.standing].end(turn);
  }

  /** Aborts every attempt that is under way: the program ends. */
  abort(): void {
    this.#end.abort();
    for (const line of Object.values(this.#lines)) line.abort();
  }

  /** The program stops: from now on any number of attempts may begin within a second. */
  hasten(): void {
    for (const line of Object.values(this.#lines)) line.hasten();
  }
}

interface LineOptions extends Pick<LaneTurnsOptions, 'monotonic' | 'onTurn' | 'schedule'> {
  readonly standing: Standing;
  readonly share: TurnShare | undefined;
  /** Aborts when the program ends. */
  readonly end: AbortSignal;
}

/** The turn of an attempt that may have to give up its place. */
interface Impatient extends Turn {
  /** Until when the attempt keeps its place in any case, in milliseconds. */
  readonly until: number;
  readonly controller: AbortController;
}

/** The lanes of one standing that wait for a turn. */
class Line {
  readonly #options: LineOptions;
  readonly #atOnce: number;
  readonly #patienceMs: number | undefined;
  /** The one turn that all attempts share, if nothing limits how long they take. */
  readonly #plain: Turn;
  /** Attempts under way that may have to give up their places, the oldest first. */
  readonly #impatient = new Set<Impatient>();
  readonly #lanes = new Fifo<Lane>();
  #rate: TokenBucket | undefined;
  #underWay = 0;
  /** No attempt begins before this time, in milliseconds. */
  #notBefore = -Infinity;
  /** The lane that was called from the line. It may take its turn without standing in line again. */
  #called: Lane | undefined;
  #cancel: (() => void) | undefined;
  #cancelHurry: (() => void) | undefined;

  constructor(options: LineOptions) {
    const { atOnce = Infinity, patienceMs, perSecond } = options.share ?? {};
    this.#options = options;
    this.#atOnce = atOnce;
    this.#patienceMs = patienceMs;
    this.#plain = { standing: options.standing, signal: options.end };
    if (perSecond !== undefined)
      this.#rate = new TokenBucket({ burst: perSecond, perSecond, clock: options.monotonic });
  }

  get underWay(): number {
    return this.#underWay;
  }

  take(lane: Lane): Turn | undefined {
    const isItsTurn = this.#called === lane || this.#lanes.size === 0;
    if (!isItsTurn || !this.#isFree()) {
      if (!lane.isInLine) {
        lane.isInLine = true;
        this.#lanes.push(lane);
      }
      this.#callLater();
      this.#hurryLater();
      return undefined;
    }
    this.#called = undefined;
    this.#underWay++;
    if (this.#rate !== undefined) this.#notBefore = this.#options.monotonic() + this.#rate.spend(1);
    return this.#patienceMs === undefined ? this.#plain : this.#begin(this.#patienceMs);
  }

  end(turn: Turn): void {
    this.#underWay--;
    this.#impatient.delete(turn as Impatient);
    this.#call();
  }

  abort(): void {
    this.#cancelHurry?.();
    for (const { controller } of this.#impatient) controller.abort();
  }

  hasten(): void {
    this.#rate = undefined;
    this.#notBefore = -Infinity;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#call();
  }

  #isFree(): boolean {
    return this.#underWay < this.#atOnce && this.#options.monotonic() >= this.#notBefore;
  }

  #call(): void {
    this.#hurryLater();
    while (this.#isFree()) {
      const lane = this.#lanes.shift();
      if (lane === undefined) return;
      lane.isInLine = false;
      this.#called = lane;
      this.#options.onTurn(lane);
      this.#called = undefined;
    }
    if (this.#lanes.size > 0) this.#callLater();
  }

  #callLater(): void {
    const waitMs = this.#notBefore - this.#options.monotonic();
    if (waitMs <= 0 || this.#cancel !== undefined) return;
    this.#cancel = this.#options.schedule(waitMs, () => {
      this.#cancel = undefined;
      this.#call();
    });
  }

  #begin(patienceMs: number): Turn {
    const controller = new AbortController();
    const until = this.#options.monotonic() + patienceMs;
    const { standing } = this.#options;
    const turn: Impatient = { standing, signal: controller.signal, controller, until };
    this.#impatient.add(turn);
    return turn;
  }

  /** While lanes stand in line, sets a timer that ends the attempts whose time is over. */
  #hurryLater(): void {
    if (this.#cancelHurry !== undefined || this.#lanes.size === 0) return;
    for (const { until } of this.#impatient) {
      const waitMs = Math.max(0, until - this.#options.monotonic());
      this.#cancelHurry = this.#options.schedule(waitMs, () => this.#hurry());
      return;
    }
  }

  #hurry(): void {
    this.#cancelHurry = undefined;
    const now = this.#options.monotonic();
    for (const turn of this.#lanes.size > 0 ? this.#impatient : []) {
      if (turn.until > now) break;
      this.#impatient.delete(turn);
      turn.controller.abort();
    }
    this.#hurryLater();
  }
}
