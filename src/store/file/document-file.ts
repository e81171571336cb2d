import { constants } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Secret } from '../../core/basics/secret.ts';
import { newHeader, SEPARATOR, TRAILER } from './document-header.ts';
import { commitBytes } from './frame-length.ts';
import type { FrameSealer } from './frame-sealer.ts';
import type { DocumentEnd } from './read-document.ts';

/** A frame could not be made durable. The file does not have the frame, unless `isDoubtful`. */
export class WriteFailure extends Error {
  override readonly name = 'WriteFailure';
  /** The system's error code: `ENOSPC`, `EROFS` and the like. */
  readonly code: string;
  /** Whether the contents of the file are unknown. After a failed sync, the system may have dropped what it could not write. */
  readonly isDoubtful: boolean;

  constructor(cause: unknown, isDoubtful: boolean) {
    super('a frame could not be written', { cause });
    this.code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    this.isDoubtful = isDoubtful;
  }
}

/**
 * A sealed document that is open for writing. It is text, and valid JSON at any time:
 *
 * ```
 * {"format":"mostro-push-store/1","note":"…","salt":"…","check":"…","digest":"…","frames":[   the header, one line
 * "<base64>",                                                                                a frame (FrameSealer), one line
 * "<base64>"
 * ]}                                                                                         the trailer
 * ```
 *
 * A frame is written over the trailer, together with a comma and a new trailer, and is synced before the next one is begun. What a
 * crash, or a power cut, leaves depends on when it comes:
 *
 * - while a frame is written, or before its sync has ended: the frame is whole, or does not open, since its tag does not match.
 *   The reader leaves a torn last frame out and {@link resume} cuts it off. Its changes have not been answered yet.
 * - while a new file is written (a rewrite): the former file is untouched. The next start deletes the new one (`removeDrafts`).
 * - while the new file is put in place: the directory names the former file or the new one. Both are whole, and the new one has all
 *   that the former one has.
 */
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

  /** Creates a file without frames. A file at this path is deleted first. @throws the system's error */
  static async create(path: string, key: Secret<Uint8Array>): Promise<DocumentFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(path, { force: true });
    const file = await open(path, 'wx', 0o600);
    const { header, sealer } = newHeader(key);
    await writeAll(file, `${header}\n`, 0);
    return new DocumentFile(path, file, { sealer, end: header.length + 1, frames: 0 });
  }

  /** Opens a file that has been read, to add frames. A torn last frame is cut off. @throws the system's error */
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
   * Adds a frame, which is durable after {@link sync}.
   *
   * @param filled the length to which the records are filled up, in bytes
   * @throws WriteFailure
   */
  async write(records: readonly Uint8Array[], filled = commitBytes(records)): Promise<void> {
    const sealed = this.#sealer.seal(this.#frames, records, filled).toString('base64');
    const frame = `${this.#frames === 0 ? '' : SEPARATOR}"${sealed}"`;
    try {
      await writeAll(this.#file, frame + TRAILER, this.#end);
    } catch (error) {
      // A reader ignores what is behind the last whole frame, but a clean end is better: `store info` names a torn one.
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

  /** Renames this file, which must be synced, over the file at `path`. @returns the file at its new path; this object is used no more */
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

  /** Whether the path still names this file: an operator may have moved or deleted it. */
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
