import { MINUTE_MS, SECOND_MS, type Clock } from './clock.ts';

/** If a clock differs by more than this from the time that it should show, it was set, or the machine slept (contract 5). */
const JUMP_MS = MINUTE_MS;
/**
 * The machine's clock is compared with the monotonic clock once a second, and not at each call: every event of every relay reads the time. A
 * jump of a minute is noticed at once all the same, since it leaves that second.
 */
const CHECK_EVERY_MS = SECOND_MS;

/** Sources of time outside this machine. */
export interface Witnesses {
  /** Whether a `Date` header of Google, or of two relays, agrees with this time. @param since only headers that came after this count, by the monotonic clock */
  agreeWith(time: number, since: number): boolean;
  /** Whether a `Date` header of Google, or of two relays, says that the machine's clock is wrong. */
  readonly disagree: boolean;
}

/** A wrong clock was set right. All in milliseconds. */
export interface Correction {
  /** The earliest time, by the wrong clock, at which it may have begun to be wrong. */
  readonly since: number;
  /** The last time that the wrong clock showed. */
  readonly until: number;
  /** What must be added to a time of the wrong clock. */
  readonly byMs: number;
}

export interface TrustedClockOptions {
  /** The machine's time of day, which can be set. */
  readonly wall: Clock;
  /** A monotonic clock. It may stop while the machine sleeps. */
  readonly monotonic: Clock;
  /** A monotonic clock that runs on while the machine sleeps. It is read rarely, because reading it may be slow. */
  readonly uptime: Clock;
  readonly witnesses: () => Witnesses;
  readonly onCorrected: (correction: Correction) => void;
}

/**
 * The time of day for everything with a date: registrations, events, signatures. It follows the machine's clock while that clock runs as
 * evenly as the monotonic clock. When the machine's clock jumps by more than a minute, this clock runs on without the jump until a
 * witness agrees with the new time. If the machine's clock was wrong at the start, this clock follows Google's time instead. Until such a
 * doubt is resolved, and while witnesses say that the machine's clock is wrong, nothing may expire (contract 5).
 */
export class TrustedClock {
  readonly #options: TrustedClockOptions;
  /** The time of this clock less {@link elapsed}. */
  #offset: number;
  /** How long the machine has slept, as far as this clock has noticed. */
  #sleptMs = 0;
  /** At the start, `uptime` less `monotonic`. */
  readonly #uptimeOffset: number;
  /** When a jump was noticed to which no witness has agreed yet, by the monotonic clock. */
  #jumpedAt: number | undefined;
  /** Whether the time at the start is in doubt. */
  #isStartDoubtful = false;
  /** The time of this clock at the last comparison that found no jump. Infinite after a jump, so that each call compares. */
  #checkedAt = Infinity;
  /** The time of this clock at the start, or when it was last set right. */
  #since: number;
  /** Whether Google's time has agreed with this clock. From then on, only a jump can make it wrong. */
  #isConfirmed = false;
  /** Google's last time less {@link elapsed}, while this clock differs from it. */
  #claimed: number | undefined;

  constructor(options: TrustedClockOptions) {
    this.#options = options;
    this.#offset = options.wall() - options.monotonic();
    this.#uptimeOffset = options.uptime() - options.monotonic();
    this.#since = options.wall();
  }

  /** Milliseconds since the epoch. */
  readonly read: Clock = () => {
    const wall = this.#options.wall();
    if (wall >= this.#checkedAt && wall < this.#checkedAt + CHECK_EVERY_MS) return wall;
    const expected = this.elapsed() + this.#offset;
    if (Math.abs(wall - expected) > JUMP_MS) return this.#afterJump(wall);
    // A small difference is accepted: the clock is being slewed, or was set by seconds.
    this.#offset += wall - expected;
    this.#jumpedAt = undefined;
    this.#checkedAt = wall;
    return wall;
  };

  /** The monotonic clock plus the machine's sleep. */
  readonly elapsed: Clock = () => this.#options.monotonic() + this.#sleptMs;

  /** Whether anything may expire by this clock. */
  get isTrusted(): boolean {
    this.read();
    const witnesses = this.#options.witnesses();
    if (this.#isStartDoubtful && witnesses.agreeWith(this.#options.wall(), -Infinity))
      this.#isStartDoubtful = false;
    return this.#jumpedAt === undefined && !this.#isStartDoubtful && !witnesses.disagree;
  }

  /** Doubts the time at the start: it does not fit the times in the store. Only a witness can tell which of the two is right. */
  doubtStart(): void {
    this.#isStartDoubtful = true;
  }

  /**
   * Takes the time that Google has sent. A clock that was wrong at the start never jumps, so nothing else would notice that it is wrong. It
   * is set right when Google has said twice that it is wrong, since a single answer may be wrong itself.
   *
   * @param time milliseconds since the epoch
   */
  heed(time: number): void {
    if (this.#isConfirmed) return;
    const now = this.read();
    this.#isConfirmed = Math.abs(time - now) <= JUMP_MS;
    if (this.#isConfirmed) return;
    const claimed = this.#claimed;
    this.#claimed = time - this.elapsed();
    if (claimed === undefined || Math.abs(this.#claimed - claimed) > JUMP_MS) return;
    this.#isConfirmed = true;
    this.#setRight(now, time);
  }

  #afterJump(wall: number): number {
    this.#checkedAt = Infinity;
    if (this.#jumpedAt === undefined) {
      if (this.#countSleep()) return this.read();
      this.#jumpedAt = this.elapsed();
    }
    const steady = this.elapsed() + this.#offset;
    if (!this.#options.witnesses().agreeWith(wall, this.#jumpedAt)) return steady;
    this.#jumpedAt = undefined;
    this.#setRight(steady, wall);
    return wall;
  }

  /** @param from the time that this clock shows @param to the right time */
  #setRight(from: number, to: number): void {
    this.#offset = to - this.elapsed();
    this.#options.onCorrected({ since: this.#since, until: from, byMs: to - from });
    this.#since = to;
  }

  /** Notices the machine's sleep. @returns whether it has slept since the last call */
  #countSleep(): boolean {
    const { monotonic, uptime } = this.#options;
    const sleptMs = uptime() - monotonic() - this.#uptimeOffset;
    // Half a jump of tolerance: the two clocks may have been read at different fractions of a second.
    if (sleptMs - this.#sleptMs < JUMP_MS / 2) return false;
    this.#sleptMs = sleptMs;
    return true;
  }
}
