import type { Clock } from '../core/basics/clock.ts';

export interface LineLimitOptions {
  /** How many lines of one name are written within a window. */
  readonly most: number;
  /** In milliseconds. */
  readonly windowMs: number;
  readonly clock: Clock;
}

interface Window {
  begun: number;
  written: number;
  omitted: number;
}

/** Limits log lines, so that the log stays readable and the program fast if something happens thousands of times a second. */
export class LineLimit {
  readonly #options: LineLimitOptions;
  /** By name. A name is a log event with a relay or provider, so there are few. */
  readonly #windows = new Map<string, Window>();

  constructor(options: LineLimitOptions) {
    this.#options = options;
  }

  /** @returns how many lines of this name were omitted since the last written one; `undefined` if this line must be omitted */
  take(name: string): number | undefined {
    const now = this.#options.clock();
    const window = this.#windows.get(name);
    if (window === undefined || now - window.begun >= this.#options.windowMs) {
      this.#windows.set(name, { begun: now, written: 1, omitted: 0 });
      return window?.omitted ?? 0;
    }
    if (window.written >= this.#options.most) {
      window.omitted++;
      return undefined;
    }
    window.written++;
    return 0;
  }
}
