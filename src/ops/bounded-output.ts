import type { Writable } from 'node:stream';

/** The bound for waiting text of one stream. A reader that falls behind in a burst stays below it; for the machine it is little memory. */
const MAX_WAITING_BYTES = 256 * 1024;

/** The reason for lost text if the stream reports no error: its reader does not read. */
const UNREAD = 'unread';

/**
 * Writes the log to standard output or standard error, with a bound. A write never blocks, waits or throws. Text is lost and counted if
 * there is no room, or if the stream refuses it (`EPIPE` after its reader has gone, `ENOSPC` on a full disk).
 *
 * Node itself keeps any amount of text in memory for a pipe or socket that has no room; the bound here limits that. Node's standard
 * streams stay usable after an error, so text is written again when the reader comes back.
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
   * @param stream called with the first text, because Node loads much code for the stream
   * @param options.maxWaitingBytes for tests
   */
  constructor(stream: () => Writable, { maxWaitingBytes = MAX_WAITING_BYTES } = {}) {
    this.#stream = stream;
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  /** Why the last text was lost: `unread`, or the code of an error. Absent if the text was written. */
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
      stream.write(text, (error) => this.#written(error));
    } catch (error) {
      this.#lose(codeOf(error));
    }
  }

  /** After a loss: tests the stream by writing a blank before the next line. A lost blank is not counted. */
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

  /** Resolves when the stream has taken or refused all text written so far, at the latest after `withinMs` milliseconds. */
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
    // Each write's callback gets its error. Without this listener the same error would also be uncaught.
    this.#opened ??= this.#stream().on('error', () => undefined);
    return this.#opened;
  }

  #written(error: Error | null | undefined): void {
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
