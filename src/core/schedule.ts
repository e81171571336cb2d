/** Calls back once after so many milliseconds, unless it is cancelled by what it returns. A port, as the clock is. */
export type Schedule = (ms: number, callback: () => void) => () => void;
