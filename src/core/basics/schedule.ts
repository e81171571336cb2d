/** Calls back once, so many milliseconds later by the monotonic clock and never sooner, unless it is cancelled by what it returns. A port, as the clock is. */
export type Schedule = (ms: number, callback: () => void) => () => void;
