import type { Writable } from 'node:stream';

/** Waiting text of one stream: more than a reader falls behind by in a burst, and nothing to a machine's memory. */
const MAX_WAITING_BYTES = 256 * 1024;

/** Why text is lost while the stream itself reports no error: its reader is not reading. */
const UNREAD = 'unread';

/**
 * Standard output or standard error as the log's way out, with a bound. Writing never blocks, waits or throws: text for which there is no
 * room, or which the stream refuses (`EPIPE` after its reader has gone, `ENOSPC` on a full disk), is lost and counted.
 *
 * Node writes to pipes and sockets at once where they have room, and keeps the rest in memory, without a bound: the bound is here.
 * Node keeps its standard streams usable after an error, so a reader that comes back is written to again.
 */
export class BoundedOutput {
  readonly #stream: () => Writable;
  readonly #maxWaitingBytes: number;
  readonly #waiters = new Set<() => void>();
  #opened: Writable | undefined;
  #pending = 0;
  #problem: string | undefined;
  #onLost: () => void = () => undefined;

  /**
   * @param stream made with the first text, because Node loads much code for it
   * @param options.maxWaitingBytes for tests
   */
  constructor(stream: () => Writable, { maxWaitingBytes = MAX_WAITING_BYTES } = {}) {
    this.#stream = stream;
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  /** Why the last text was lost: `unread`, or the code of an error; absent where it was written. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** Calls back for each text that is lost from now on. */
  onLost(callback: () => void): void {
    this.#onLost = callback;
  }

  write(text: string): void {
    try {
      const stream = this.#open();
      if (stream.writableLength >= this.#maxWaitingBytes) {
        this.#lose(UNREAD);
        return;
      }
      this.#pending++;
      stream.write(text, (error) => this.#settle(error));
    } catch (error) {
      this.#lose(codeOf(error));
    }
  }

  /** Where text was lost: sees whether it still would be, by a blank before the next line. The blank itself does not count as lost. */
  retry(): void {
    if (this.#problem === undefined) return;
    try {
      const stream = this.#open();
      if (stream.writableLength >= this.#maxWaitingBytes) return;
      stream.write(' ', (error) => (this.#problem = error ? codeOf(error) : undefined));
    } catch (error) {
      this.#problem = codeOf(error);
    }
  }

  /** Resolves when the stream has taken or refused all that was written so far, or after a time, in milliseconds. */
  async flushed(withinMs: number): Promise<void> {
    if (this.#pending === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#waiters.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #open(): Writable {
    // Each write's own callback says what became of it; without a listener the same error would count as uncaught.
    this.#opened ??= this.#stream().on('error', () => undefined);
    return this.#opened;
  }

  #settle(error: Error | null | undefined): void {
    this.#pending--;
    if (error) this.#lose(codeOf(error));
    else this.#problem = undefined;
    if (this.#pending > 0) return;
    for (const done of this.#waiters) done();
    this.#waiters.clear();
  }

  #lose(problem: string): void {
    this.#problem = problem;
    this.#onLost();
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
