import { PATIENCE_MS } from './patience.ts';

interface WaitOptions {
  /** How long to wait before giving up. */
  timeoutMs?: number;
}

interface Waiter<T> {
  offer: (item: T) => void;
}

/** An append-only log of what reached a stand-in, which a test can wait on without polling or sleeping. */
export class Arrivals<T> {
  #items: T[] = [];
  readonly #waiters = new Set<Waiter<T>>();

  /** Everything that has arrived, oldest first. */
  get all(): readonly T[] {
    return this.#items;
  }

  get count(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    for (const waiter of this.#waiters) waiter.offer(item);
  }

  /** Removes all that has arrived. Waits that have begun keep what they have counted. */
  clear(): void {
    this.#items = [];
  }

  /** Resolves with the first `n` arrivals (of those that satisfy `where`) as soon as there are that many. */
  async atLeast(
    n: number,
    options: WaitOptions & { where?: (item: T) => boolean } = {},
  ): Promise<readonly T[]> {
    const { where = () => true } = options;
    const matching = this.#items.filter((item) => where(item));
    if (matching.length >= n) return matching;
    return this.#wait<readonly T[]>(
      (item, done) => {
        if (where(item) && matching.push(item) >= n) done(matching);
      },
      () => `${matching.length} of ${n} expected arrivals came`,
      options,
    );
  }

  /** Resolves with the next arrival, counted from this call on, that satisfies the predicate. */
  async next(predicate: (item: T) => boolean = () => true, options: WaitOptions = {}): Promise<T> {
    let others = 0;
    return this.#wait<T>(
      (item, done) => {
        if (predicate(item)) done(item);
        else others += 1;
      },
      () => `the expected arrival did not come (${others} others did)`,
      options,
    );
  }

  #wait<R>(
    consider: (item: T, done: (result: R) => void) => void,
    describe: () => string,
    { timeoutMs = PATIENCE_MS }: WaitOptions,
  ): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const done = (result: R): void => {
        finish();
        resolve(result);
      };
      const waiter: Waiter<T> = { offer: (item) => consider(item, done) };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`${describe()} within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }
}
