import { uptime } from 'node:os';

import { MINUTE_MS, SECOND_MS, type Clock, type Schedule } from '../core/basics/clock.ts';
import { ClockSkew, GOOGLE } from '../core/watch/clock-skew.ts';
import { TrustedClock, type Correction } from '../core/basics/trusted-clock.ts';

/** The clocks of the program. */
export interface ProgramTime {
  /** The time of day, in milliseconds since the epoch. */
  readonly clock: Clock;
  /** A monotonic clock for waits, which goes on while the machine sleeps. */
  readonly monotonic: Clock;
  /** A monotonic clock for waits of seconds: it may stand still while the machine sleeps. */
  readonly passing: Clock;
  readonly schedule: Schedule;
  /** Whether anything may expire by the time of day (contract 5). */
  readonly mayExpire: () => boolean;
  readonly skew: ClockSkew;
  /** Called with the `Date` header of each answer of Google's. */
  readonly onGoogleDate: (date: unknown) => void;
  /** How far the machine's clock is ahead, in seconds; `undefined` while it is right within a minute. */
  readonly offSeconds: () => number | undefined;
  /** Called if the time at the start does not fit the records of the store. */
  readonly doubtStart: () => void;
}

const passing: Clock = () => performance.now();

const schedule: Schedule = (ms, callback) => {
  // A timer counts whole milliseconds from the last whole one. Without the addition it would fire up to two milliseconds too soon.
  const timer = setTimeout(callback, Math.ceil(ms) + 1);
  return () => clearTimeout(timer);
};

/** The machine's clock. `Date.now` is looked up at each call, so that a test can replace it. */
const wall: Clock = () => Date.now();

/**
 * @param clock for tests: every clock of the program
 * @param onCorrected called when a wrong clock has been set right
 */
export function composeTime(
  clock: Clock | undefined,
  onCorrected: (correction: Correction) => void,
): ProgramTime {
  if (clock !== undefined) return timeOfTest(clock);
  const trusted = new TrustedClock({
    wall,
    monotonic: () => performance.now(),
    uptime: () => uptime() * SECOND_MS,
    witnesses: () => skew,
    onCorrected,
  });
  const skew: ClockSkew = new ClockSkew(wall, trusted.elapsed);
  const aheadMs = (): number => (skew.isOff ? (skew.seconds ?? 0) * SECOND_MS : wall() - trusted.read());
  return {
    clock: trusted.read,
    monotonic: trusted.elapsed,
    passing,
    schedule,
    mayExpire: () => trusted.isTrusted,
    skew,
    onGoogleDate: (date) => {
      const time = skew.note(GOOGLE, date);
      if (time !== undefined) trusted.heed(time);
    },
    offSeconds: () => {
      const ms = aheadMs();
      return Math.abs(ms) < MINUTE_MS ? undefined : Math.round(ms / SECOND_MS);
    },
    doubtStart: () => trusted.doubtStart(),
  };
}

/** For tests: time passes only when the test moves its clock. */
function timeOfTest(clock: Clock): ProgramTime {
  const skew = new ClockSkew(clock, () => performance.now());
  return {
    clock,
    monotonic: clock,
    passing,
    schedule,
    mayExpire: () => true,
    skew,
    onGoogleDate: (date) => void skew.note(GOOGLE, date),
    offSeconds: () => (skew.isOff ? Math.round(skew.seconds ?? 0) : undefined),
    doubtStart: () => undefined,
  };
}
