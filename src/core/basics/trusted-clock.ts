import { MINUTE_MS, SECOND_MS, type Clock } from './clock.ts';

/** A clock that differs by more than this from what it should show was set, or its machine stood still (contract 5). */
const JUMP_MS = MINUTE_MS;
/**
 * The two clocks are compared once a second: the time is asked for every event of every relay, and two clocks cost twice as much. A jump
 * of a minute leaves that second at once.
 */
const CHECK_EVERY_MS = SECOND_MS;

/** Others that know the time. */
export interface Witnesses {
  /** Whether a `Date` of Google's, or of two relays, agrees with this time. @param since by the monotonic clock: none from before counts */
  agreeWith(time: number, since: number): boolean;
  /** Whether a `Date` of Google's, or of two relays, says that the machine's clock is off. */
  readonly disagree: boolean;
}

/** The time was set right: it went by a wrong clock from one moment on. Milliseconds. */
export interface Correction {
  /** What the clock of this program showed when it began to be wrong, at the earliest. */
  readonly since: number;
  /** What it showed last. */
  readonly until: number;
  /** How much was missing. */
  readonly byMs: number;
}

export interface TrustedClockParts {
  /** The machine's clock, which can be set. */
  readonly wall: Clock;
  /** It may stand still while the machine sleeps. */
  readonly monotonic: Clock;
  /** A monotonic clock that goes on while the machine sleeps. It is asked rarely, because it may be slow. */
  readonly uptime: Clock;
  readonly witnesses: () => Witnesses;
  readonly onCorrected: (correction: Correction) => void;
}

/**
 * The time of day, for everything that is dated: registrations, events, signatures. It follows the machine's clock for as long as that
 * one runs as the monotonic clock does. When the machine's clock jumps by more than a minute, this one goes on as if nothing had happened,
 * until a witness agrees with the new time. Where the machine's clock was wrong at the start, Google's time is followed instead.
 * Meanwhile, and while witnesses say that the machine's clock is off, nothing may expire (contract 5).
 */
export class TrustedClock {
  readonly #parts: TrustedClockParts;
  /** This clock less the monotonic one, which counts sleep. */
  #offset: number;
  /** How long the machine has slept, as far as it was noticed. */
  #sleptMs = 0;
  /** Uptime less the monotonic clock at the start. */
  readonly #uptimeOffset: number;
  /** When a jump was noticed that no witness agrees with yet, by the monotonic clock. */
  #jumpedAt: number | undefined;
  /** Whether the time at the start is in doubt. */
  #isStartDoubtful = false;
  /** What this clock showed when it was last compared with the monotonic one, and found to run as that does. */
  #checkedAt = Infinity;
  /** What this clock showed at the start, or when it was last set right. */
  #since: number;
  /** Whether the authority has agreed with this clock: from then on it can only be wrong after a jump. */
  #isConfirmed = false;
  /** The time that the authority said last, less {@link elapsed}, while this clock differs from it. */
  #claimed: number | undefined;

  constructor(parts: TrustedClockParts) {
    this.#parts = parts;
    this.#offset = parts.wall() - parts.monotonic();
    this.#uptimeOffset = parts.uptime() - parts.monotonic();
    this.#since = parts.wall();
  }

  /** Milliseconds since the epoch. */
  readonly read: Clock = () => {
    const wall = this.#parts.wall();
    if (wall >= this.#checkedAt && wall < this.#checkedAt + CHECK_EVERY_MS) return wall;
    const expected = this.elapsed() + this.#offset;
    if (Math.abs(wall - expected) > JUMP_MS) return this.#afterJump(wall);
    // A clock that is slewed, or set by seconds.
    this.#offset += wall - expected;
    this.#jumpedAt = undefined;
    this.#checkedAt = wall;
    return wall;
  };

  /** The monotonic clock, and the machine's sleep. */
  readonly elapsed: Clock = () => this.#parts.monotonic() + this.#sleptMs;

  /** Whether anything may expire by this clock. */
  get isTrusted(): boolean {
    this.read();
    const witnesses = this.#parts.witnesses();
    if (this.#isStartDoubtful && witnesses.agreeWith(this.#parts.wall(), -Infinity))
      this.#isStartDoubtful = false;
    return this.#jumpedAt === undefined && !this.#isStartDoubtful && !witnesses.disagree;
  }

  /** What was kept ends at a time that this clock, read at the start, does not fit: only a witness can tell which one is right. */
  doubtStart(): void {
    this.#isStartDoubtful = true;
  }

  /**
   * The authority on time, Google, has said what time it is. A clock that was wrong at the start never jumps, and would be wrong for as
   * long as the program runs. It is set right when the authority has said twice that it is wrong: one answer alone may be.
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
    if (!this.#parts.witnesses().agreeWith(wall, this.#jumpedAt)) return steady;
    this.#jumpedAt = undefined;
    this.#setRight(steady, wall);
    return wall;
  }

  /** @param from what this clock shows @param to what it should show */
  #setRight(from: number, to: number): void {
    this.#offset = to - this.elapsed();
    this.#parts.onCorrected({ since: this.#since, until: from, byMs: to - from });
    this.#since = to;
  }

  /** @returns whether the machine has slept since this was last asked */
  #countSleep(): boolean {
    const { monotonic, uptime } = this.#parts;
    const sleptMs = uptime() - monotonic() - this.#uptimeOffset;
    // The two clocks may be read to different fractions of a second.
    if (sleptMs - this.#sleptMs < JUMP_MS / 2) return false;
    this.#sleptMs = sleptMs;
    return true;
  }
}
