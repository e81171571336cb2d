import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log names nobody, yet it is not for everybody to read. */
const MODE = 0o640;

/** A FIFO without a reader is not waited for (`ENXIO`), nor one whose reader does not read (`EAGAIN`). Files are not affected. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * `LOG_FILE`, beside standard output. Writing is synchronous: the last lines before an end are the ones that matter. A file that
 * takes no line is never a reason to stop or to wait: the line is lost here, and {@link problem} says why.
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

  /** The code of the last line's failure (`ENOSPC`, `EACCES`, …); absent where it was written. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** Calls back for each line that is lost from now on. */
  onLost(callback: () => void): void {
    this.#onLost = callback;
  }

  /** Lines go on in whatever is at the path now: after a rotation (SIGHUP). */
  reopen(): void {
    const former = this.#descriptor;
    this.#attempt(() => {
      mkdirSync(dirname(this.#path), { recursive: true });
      this.#descriptor = openSync(this.#path, FLAGS, MODE);
    });
    // A path that cannot be opened any more leaves the file that is open.
    if (former !== undefined && former !== this.#descriptor) this.#attempt(() => closeSync(former));
  }

  /** Where lines failed: sees whether they still do, by a blank before the next one. */
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
