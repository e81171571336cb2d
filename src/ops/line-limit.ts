import type { Clock } from '../core/basics/clock.ts';

export interface LineLimitOptions {
  /** Lines of one name that are written within a window. */
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

/** Keeps a log readable, and the program responsive, when something happens thousands of times a second. */
export class LineLimit {
  readonly #options: LineLimitOptions;
  /** One for each name; names are made of events, relays and providers, of which there are few. */
  readonly #windows = new Map<string, Window>();

  constructor(options: LineLimitOptions) {
    this.#options = options;
  }

  /** @returns how many lines of this name were left out since the last one, or `undefined` when this one is to be left out too */
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
