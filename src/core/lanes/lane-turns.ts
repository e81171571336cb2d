import type { Clock } from '../basics/clock.ts';
import { Fifo } from '../basics/fifo.ts';
import type { Standing } from './lane-health.ts';
import type { LaneHost } from './lane.ts';
import type { Schedule } from '../basics/schedule.ts';
import { TokenBucket } from '../basics/token-bucket.ts';

/** What all hosts of one standing have together. */
export interface TurnShare {
  /** Attempts under way at once. */
  readonly atOnce?: number;
  /** Attempts that begin within a second, in the long run. As many may begin at once. */
  readonly perSecond?: number;
  /** How long an attempt may go on while other hosts stand in line for its place, in milliseconds. */
  readonly patienceMs?: number;
}

/** A place that an attempt has. */
export interface Turn {
  readonly standing: Standing;
  /** Aborts when the place is needed for others, or the lane ends. */
  readonly signal: AbortSignal;
}

export interface LaneTurnsOptions {
  readonly shares: Readonly<Partial<Record<Standing, TurnShare>>>;
  /** Attempts of hosts that deliver under way at once; beyond it each of these hosts has one. */
  readonly crowd: number;
  readonly schedule: Schedule;
  readonly clock: Clock;
  /** Told that a host in line may take a turn now. */
  readonly onTurn: (host: LaneHost) => void;
}

/**
 * Shares out what all hosts of a lane have in common: sockets, name look-ups, the processor. Hosts go by their standing, and each
 * standing has a share of its own: dead, slow or hostile hosts, however many, take nothing from those that deliver. Where a share is used
 * up hosts stand in line, one place for each host, whatever number of wakes it has. Attempts that take long give up their places for
 * those in line, where the share says so: hosts that hang hold up a new one for seconds only.
 */
export class LaneTurns {
  readonly #options: LaneTurnsOptions;
  readonly #lines: Readonly<Record<Standing, Line>>;
  readonly #end = new AbortController();

  constructor(options: LaneTurnsOptions) {
    this.#options = options;
    const line = (standing: Standing): Line =>
      new Line({ ...options, standing, share: options.shares[standing], end: this.#end.signal });
    this.#lines = {
      trusted: line('trusted'),
      fallen: line('fallen'),
      fresh: line('fresh'),
      failing: line('failing'),
    };
  }

  /** Attempts that one host may have under way. @param most where nothing else limits them */
  concurrency({ health }: LaneHost, most: number): number {
    const isCrowded = this.#lines.trusted.underWay >= this.#options.crowd;
    return Math.min(health.concurrency(most), isCrowded && health.standing === 'trusted' ? 1 : most);
  }

  /**
   * A turn for the host, by its standing: to be given back by {@link end}.
   *
   * @returns `undefined` where it has to stand in line: `onTurn` is called when its turn has come
   */
  take(host: LaneHost): Turn | undefined {
    return this.#lines[host.health.standing].take(host);
  }

  /** An attempt is over. */
  end(turn: Turn): void {
    this.#lines[turn.standing].end(turn);
  }

  /** Ends every attempt that is under way: the lane is closed. */
  abort(): void {
    this.#end.abort();
    for (const line of Object.values(this.#lines)) line.abort();
  }

  /** The program stops: what is left is tried once, as fast as there are places. */
  hasten(): void {
    for (const line of Object.values(this.#lines)) line.hasten();
  }
}

interface LineOptions extends Pick<LaneTurnsOptions, 'clock' | 'onTurn' | 'schedule'> {
  readonly standing: Standing;
  readonly share: TurnShare | undefined;
  /** Aborts when the lane ends. */
  readonly end: AbortSignal;
}

/** An attempt whose place may be needed for others. */
interface Impatient extends Turn {
  /** Until when it has its place in any case, in milliseconds. */
  readonly until: number;
  readonly controller: AbortController;
}

/** The hosts of one standing that wait for a turn. */
class Line {
  readonly #options: LineOptions;
  readonly #atOnce: number;
  readonly #patienceMs: number | undefined;
  /** The turn of every attempt where attempts may go on for as long as they take. */
  readonly #plain: Turn;
  /** Attempts under way that may have to give up their places, those first that began first. */
  readonly #impatient = new Set<Impatient>();
  readonly #hosts = new Fifo<LaneHost>();
  #rate: TokenBucket | undefined;
  #underWay = 0;
  /** No attempt begins before this time, in milliseconds. */
  #notBefore = -Infinity;
  /** The host whose turn it is: it need not stand in line again. */
  #called: LaneHost | undefined;
  #cancel: (() => void) | undefined;
  #cancelHurry: (() => void) | undefined;

  constructor(options: LineOptions) {
    const { atOnce = Infinity, patienceMs, perSecond } = options.share ?? {};
    this.#options = options;
    this.#atOnce = atOnce;
    this.#patienceMs = patienceMs;
    this.#plain = { standing: options.standing, signal: options.end };
    if (perSecond !== undefined)
      this.#rate = new TokenBucket({ burst: perSecond, perSecond, clock: options.clock });
  }

  get underWay(): number {
    return this.#underWay;
  }

  take(host: LaneHost): Turn | undefined {
    const isItsTurn = this.#called === host || this.#hosts.size === 0;
    if (!isItsTurn || !this.#isFree()) {
      if (!host.isInLine) {
        host.isInLine = true;
        this.#hosts.push(host);
      }
      this.#callLater();
      this.#hurryLater();
      return undefined;
    }
    this.#called = undefined;
    this.#underWay++;
    if (this.#rate !== undefined) this.#notBefore = this.#options.clock() + this.#rate.spend(1);
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
    return this.#underWay < this.#atOnce && this.#options.clock() >= this.#notBefore;
  }

  #call(): void {
    this.#hurryLater();
    while (this.#isFree()) {
      const host = this.#hosts.shift();
      if (host === undefined) return;
      host.isInLine = false;
      this.#called = host;
      this.#options.onTurn(host);
      this.#called = undefined;
    }
    if (this.#hosts.size > 0) this.#callLater();
  }

  #callLater(): void {
    const waitMs = this.#notBefore - this.#options.clock();
    if (waitMs <= 0 || this.#cancel !== undefined) return;
    this.#cancel = this.#options.schedule(waitMs, () => {
      this.#cancel = undefined;
      this.#call();
    });
  }

  #begin(patienceMs: number): Turn {
    const controller = new AbortController();
    const until = this.#options.clock() + patienceMs;
    const turn: Impatient = { ...this.#plain, signal: controller.signal, controller, until };
    this.#impatient.add(turn);
    return turn;
  }

  /** While hosts stand in line, attempts end whose time is over. */
  #hurryLater(): void {
    if (this.#cancelHurry !== undefined || this.#hosts.size === 0) return;
    for (const { until } of this.#impatient) {
      const waitMs = Math.max(0, until - this.#options.clock());
      this.#cancelHurry = this.#options.schedule(waitMs, () => this.#hurry());
      return;
    }
  }

  #hurry(): void {
    this.#cancelHurry = undefined;
    const now = this.#options.clock();
    for (const turn of this.#hosts.size > 0 ? this.#impatient : []) {
      if (turn.until > now) break;
      this.#impatient.delete(turn);
      turn.controller.abort();
    }
    this.#hurryLater();
  }
}
