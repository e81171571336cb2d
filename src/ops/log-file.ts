import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Other users cannot read the log, although it names no person. */
const MODE = 0o640;

/** Opening a FIFO without a reader fails (`ENXIO`), and writing to a full one fails (`EAGAIN`), instead of waiting. Files are not affected. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * `LOG_FILE`, in addition to standard output. Writing is synchronous, because the last lines before an end matter most. A file that
 * accepts no line never stops or delays the program: the line is lost, and {@link problem} says why.
 */
export class LogFile implements Disposable {
  readonly #path: string;
  #descriptor: number | undefined;
  #problem: string | undefined;
  #onLost: () => void = () => undefined;

  constructor(path: string) {
    this.#path = path;
    this.reopen();
  }

  /** The error code of the last line (`ENOSPC`, `EACCES`, …). Absent if the line was written. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** Calls back for each line that is lost from now on. */
  onLost(callback: () => void): void {
    this.#onLost = callback;
  }

  /** Opens the path again, after a rotation (SIGHUP). */
  reopen(): void {
    const former = this.#descriptor;
    this.#attempt(() => {
      mkdirSync(dirname(this.#path), { recursive: true });
      this.#descriptor = openSync(this.#path, FLAGS, MODE);
    });
    // If the path cannot be opened, the old file stays in use.
    if (former !== undefined && former !== this.#descriptor) this.#attempt(() => closeSync(former));
  }

  /** After a loss: tests the file by writing a blank before the next line. */
  retry(): void {
    if (this.#problem !== undefined) this.#append(' ');
  }

  write(line: string): void {
    this.#append(line);
    if (this.#problem !== undefined) this.#onLost();
  }

  #append(line: string): void {
    if (this.#descriptor === undefined) this.reopen();
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#attempt(() => {
      const written = writeSync(descriptor, line);
      // A disk that fills up takes part of a line.
      if (written < Buffer.byteLength(line)) writeSync(descriptor, '\n');
    });
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #attempt(act: () => void): void {
    try {
      act();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = (error as NodeJS.ErrnoException).code ?? 'unknown';
    }
  }
}
