import type { Clock } from './clock.ts';
import { Fifo } from './fifo.ts';
import type { Standing } from './lane-health.ts';
import type { LaneHost } from './lane-host.ts';
import type { Schedule } from './schedule.ts';
import { TokenBucket } from './token-bucket.ts';

/** What all hosts of one standing have together. */
export interface TurnShare {
  /** Attempts under way at once. */
  readonly atOnce?: number;
  /** Attempts that begin within a second, in the long run. As many may begin at once. */
  readonly perSecond?: number;
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
 * up hosts stand in line, one place for each host, whatever number of wakes it has.
 */
export class LaneTurns {
  readonly #options: LaneTurnsOptions;
  readonly #lines: Readonly<Record<Standing, Line>>;

  constructor(options: LaneTurnsOptions) {
    this.#options = options;
    const { shares } = options;
    this.#lines = {
      trusted: new Line({ ...options, share: shares.trusted }),
      fallen: new Line({ ...options, share: shares.fallen }),
      fresh: new Line({ ...options, share: shares.fresh }),
      failing: new Line({ ...options, share: shares.failing }),
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
  take(host: LaneHost): Standing | undefined {
    const { standing } = host.health;
    return this.#lines[standing].take(host) ? standing : undefined;
  }

  /** An attempt is over. */
  end(standing: Standing): void {
    this.#lines[standing].end();
  }

  /** The program stops: what is left is tried once, as fast as there are places. */
  hasten(): void {
    for (const line of Object.values(this.#lines)) line.hasten();
  }
}

interface LineOptions extends Pick<LaneTurnsOptions, 'clock' | 'onTurn' | 'schedule'> {
  readonly share: TurnShare | undefined;
}

/** The hosts of one standing that wait for a turn. */
class Line {
  readonly #options: LineOptions;
  readonly #atOnce: number;
  readonly #hosts = new Fifo<LaneHost>();
  #rate: TokenBucket | undefined;
  #underWay = 0;
  /** No attempt begins before this time, in milliseconds. */
  #notBefore = -Infinity;
  /** The host whose turn it is: it need not stand in line again. */
  #called: LaneHost | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: LineOptions) {
    const { atOnce = Infinity, perSecond } = options.share ?? {};
    this.#options = options;
    this.#atOnce = atOnce;
    if (perSecond !== undefined)
      this.#rate = new TokenBucket({ burst: perSecond, perSecond, clock: options.clock });
  }

  get underWay(): number {
    return this.#underWay;
  }

  take(host: LaneHost): boolean {
    const isItsTurn = this.#called === host || this.#hosts.size === 0;
    if (!isItsTurn || !this.#isFree()) {
      if (!host.isInLine) {
        host.isInLine = true;
        this.#hosts.push(host);
      }
      this.#callLater();
      return false;
    }
    this.#called = undefined;
    this.#underWay++;
    if (this.#rate !== undefined) this.#notBefore = this.#options.clock() + this.#rate.spend(1);
    return true;
  }

  end(): void {
    this.#underWay--;
    this.#call();
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
}
