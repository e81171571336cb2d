import { constants } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Secret } from '../../core/basics/secret.ts';
import { newHeader, SEPARATOR, TRAILER } from './document-header.ts';
import { commitBytes } from './frame-length.ts';
import type { FrameSealer } from './frame-sealer.ts';
import type { DocumentEnd } from './read-document.ts';

/** A frame that could not be made durable. Nothing of it is in the file, unless `isDoubtful`. */
export class WriteFailure extends Error {
  override readonly name = 'WriteFailure';
  /** What the system said: `ENOSPC`, `EROFS` and the like. */
  readonly code: string;
  /** Whether nobody knows what the file holds: after a failed sync, the system may have forgotten what it could not write. */
  readonly isDoubtful: boolean;

  constructor(cause: unknown, isDoubtful: boolean) {
    super('a frame could not be written', { cause });
    this.code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    this.isDoubtful = isDoubtful;
  }
}

/** A sealed document that is written to: frames are added behind the last one, each durable before the next is begun. */
export class DocumentFile implements AsyncDisposable {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #sealer: FrameSealer;
  #end: number;
  #frames: number;

  private constructor(
    path: string,
    file: FileHandle,
    { sealer, end, frames }: Pick<DocumentEnd, 'sealer' | 'end' | 'frames'>,
  ) {
    this.path = path;
    this.#file = file;
    this.#sealer = sealer;
    this.#end = end;
    this.#frames = frames;
  }

  /** Makes a new file in place of whatever is there, without a frame yet. @throws what the system says */
  static async create(path: string, key: Secret<Uint8Array>): Promise<DocumentFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(path, { force: true });
    const file = await open(path, 'wx', 0o600);
    const { header, sealer } = newHeader(key);
    await writeAll(file, `${header}\n`, 0);
    return new DocumentFile(path, file, { sealer, end: header.length + 1, frames: 0 });
  }

  /** Goes on with a file that has been read. What a crash left behind its last frame is cut off. @throws what the system says */
  static async resume(path: string, document: DocumentEnd): Promise<DocumentFile> {
    const resumed = new DocumentFile(path, await open(path, constants.O_RDWR), document);
    if (document.isTorn)
      await resumed.#cut().catch(async (error: unknown) => {
        await resumed[Symbol.asyncDispose]();
        throw error;
      });
    return resumed;
  }

  /** In bytes. */
  get size(): number {
    return this.#end + TRAILER.length;
  }

  /**
   * Adds a frame, not durable yet.
   *
   * @param filled how long its content is made, in bytes
   * @throws WriteFailure
   */
  async write(records: readonly Uint8Array[], filled = commitBytes(records)): Promise<void> {
    const sealed = this.#sealer.seal(this.#frames, records, filled).toString('base64');
    const frame = `${this.#frames === 0 ? '' : SEPARATOR}"${sealed}"`;
    try {
      await writeAll(this.#file, frame + TRAILER, this.#end);
    } catch (error) {
      // Behind its last frame a file may hold anything, but the less the better.
      const isCut = await this.#cut().then(
        () => true,
        () => false,
      );
      throw new WriteFailure(error, !isCut);
    }
    this.#end += frame.length;
    this.#frames++;
  }

  /** @throws WriteFailure */
  async sync(): Promise<void> {
    await this.#file.datasync().catch((error: unknown) => {
      throw new WriteFailure(error, true);
    });
  }

  /** Puts this file, which must be synced, in the place of another one. */
  async moveTo(path: string): Promise<DocumentFile> {
    await rename(this.path, path);
    const directory = await open(dirname(path));
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    return new DocumentFile(path, this.#file, { sealer: this.#sealer, end: this.#end, frames: this.#frames });
  }

  /** Whether the file is still the one at its path: an operator may have moved or deleted it. */
  async isInPlace(): Promise<boolean> {
    const [ours, there] = await Promise.all([this.#file.stat(), stat(this.path).catch(() => undefined)]);
    return there !== undefined && ours.ino === there.ino && ours.dev === there.dev;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #cut(): Promise<void> {
    await this.#file.truncate(this.#end);
    await writeAll(this.#file, TRAILER, this.#end);
  }
}

async function writeAll(file: FileHandle, text: string, position: number): Promise<void> {
  const bytes = Buffer.from(text, 'latin1');
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
