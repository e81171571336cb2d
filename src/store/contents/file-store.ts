import { dirname, join } from 'node:path';

import type { Clock } from '../../core/basics/clock.ts';
import type { Registration } from '../../core/registry/registration.ts';
import type { Secret } from '../../core/basics/secret.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { isThere } from '../../lib/is-there.ts';
import { DocumentFile } from '../file/document-file.ts';
import { Journal } from '../file/journal.ts';
import { openDocument } from '../file/open-document.ts';
import type { DocumentEnd } from '../file/read-document.ts';
import { RewritePolicy } from './rewrite-policy.ts';
import { StoreContents, type StoreContentsOptions, type StoreContentsSeams } from './store-contents.ts';
import { LOCK, LockTaken, StoreLock } from '../file/store-lock.ts';
import { StoreOpenError } from '../file/store-open-error.ts';
import { removeDrafts } from '../file/write-draft.ts';

export interface FileStoreOptions extends Omit<StoreContentsOptions, 'journal' | 'onGarbage' | 'onSwept'> {
  readonly path: string;
  /** The server's key, which seals, and then the previous one, which the file may still be sealed with. */
  readonly keys: readonly [Secret<Uint8Array>, ...Secret<Uint8Array>[]];
  /** The clock for waits, in milliseconds; `clock` if absent. */
  readonly monotonic?: Clock;
  readonly telemetry: Telemetry;
  /** Whether the file is created with the first change, and not at the start. */
  readonly isLazy: boolean;
}

/** Replaced in tests. */
export interface FileStoreSeams extends StoreContentsSeams {
  /** The least time between two commits, in milliseconds. */
  readonly commitEveryMs?: number | undefined;
}

/**
 * A store in memory and in one sealed file. `contents` is memory; every change of it goes to the file's end through the journal. Now
 * and then the whole file is rewritten, so that it does not grow for ever and what was deleted leaves it.
 */
export class FileStore {
  readonly contents: StoreContents;
  readonly #options: FileStoreOptions;
  readonly #journal: Journal;
  readonly #policy: RewritePolicy;
  #lock: StoreLock | undefined;
  #rewriting: Promise<void> | undefined;

  constructor(options: FileStoreOptions, { commitEveryMs, seenCapacity }: FileStoreSeams = {}) {
    const { clock, keys, monotonic = clock, path, telemetry } = options;
    this.#options = options;
    this.#policy = new RewritePolicy(monotonic);
    this.#journal = new Journal(
      {
        path,
        key: keys[0],
        snapshot: () => this.contents.records(),
        telemetry,
        beforeMaking: () => this.#takeLock(),
        onCommitted: (size) => {
          if (this.#policy.hasOutgrown(size)) this.#rewriteSoon();
        },
      },
      { commitEveryMs },
    );
    this.contents = new StoreContents(
      {
        capacity: options.capacity,
        keeps: options.keeps,
        handlingMs: options.handlingMs,
        clock,
        mayExpire: options.mayExpire,
        onDisplaced: options.onDisplaced,
        journal: this.#journal,
        onGarbage: () => this.#policy.noteGarbage(),
        onSwept: () => this.#onSwept(),
      },
      { seenCapacity },
    );
  }

  /** Whether changes can be kept at this moment. */
  get isOpen(): boolean {
    return !this.#journal.isRefusing;
  }

  /** The size of the file in bytes. */
  get size(): number {
    return this.#journal.size;
  }

  /**
   * Takes the lock, reads the file into memory, and opens it for writing, or creates it. If the file can be read but not written, the
   * server starts all the same: {@link isOpen} is false until the disk works again.
   *
   * @returns `foreign` if the file at the path was not written by this program
   * @throws StoreOpenError
   */
  async open(): Promise<'open' | 'foreign'> {
    const { isLazy, keys, path, telemetry } = this.#options;
    if (isLazy && !(await isThere(path))) return 'open';
    const refusal: unknown = await this.#takeLock().catch((error: unknown) => error);
    if (refusal instanceof LockTaken) {
      throw new StoreOpenError(
        `${dirname(path)} is in use by another mostro-push; stop that one first, or set another DATA_DIR`,
      );
    }
    const document = await openDocument(path, keys, (record) => this.contents.apply(record));
    if (document === 'foreign') return document;
    this.contents.registrations.sortByAge();
    await (document === undefined ? this.#make(refusal) : this.#resume(document, refusal));
    const { unusable } = this.contents;
    if (unusable > 0) telemetry.log('store.tokens_refused', { count: unusable });
    telemetry.log('store.opened', { count: this.contents.registrations.counts().total });
    return 'open';
  }

  /** Adds registrations from another file, except of keys that are registered here, and writes a new file with all of them. @throws StoreOpenError */
  async adopt(registrations: Iterable<Registration>): Promise<void> {
    const { registrations: known } = this.contents;
    for (const registration of registrations) {
      if (!known.mayContain(registration.tradePubkey))
        this.contents.apply({ type: 'registered', registration });
    }
    known.sortByAge();
    await this.#make(await this.#takeLock().catch((error: unknown) => error));
  }

  /** Writes the contents to a new file, sealed with the server's current key. @throws the system's error */
  async rewrite(): Promise<void> {
    this.#policy.noteBegin();
    await this.#journal.rewrite();
    this.#policy.noteEnd(this.size);
  }

  async close(): Promise<void> {
    await this.#rewriting;
    await this.#journal.close();
    await this.#lock?.[Symbol.asyncDispose]();
    this.#lock = undefined;
  }

  /** Creates the file. @param refusal the error with which the lock was refused, if it was */
  async #make(refusal: unknown): Promise<void> {
    const { path } = this.#options;
    try {
      if (refusal !== undefined) throw refusal;
      await this.rewrite();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new StoreOpenError(
        `${path} cannot be made (${code}); make its directory writable, and free some space`,
      );
    }
  }

  /** Opens for writing a file that has been read. An error makes the journal refuse changes. @param refusal as for {@link #make} */
  async #resume(document: DocumentEnd, refusal: unknown): Promise<void> {
    const { path, telemetry } = this.#options;
    if (document.isTorn) telemetry.log('store.torn');
    try {
      if (refusal !== undefined) throw refusal;
      await removeDrafts(path);
      this.#journal.attach(await DocumentFile.resume(path, document));
      this.#policy.noteEnd(this.size);
      if (!document.isUsual) this.#policy.noteGarbage();
    } catch (error) {
      return this.#journal.refuse(error);
    }
    if (document.key === 0) return;
    this.#rewriteSoon();
    await this.#rewriting;
    if (!this.#policy.hasGarbage) telemetry.log('store.resealed');
  }

  async #takeLock(): Promise<void> {
    if (this.#lock !== undefined) return;
    this.#lock = await StoreLock.take(join(dirname(this.#options.path), LOCK));
    if (!this.#lock.isCertain) this.#options.telemetry.log('store.unlocked');
  }

  #onSwept(): void {
    if (this.contents.hasExpiredIds) this.#policy.noteGarbage();
    const isReady = this.#journal.hasFile && !this.#journal.isRefusing;
    if (isReady && this.#policy.isDue(this.contents.estimatedBytes)) this.#rewriteSoon();
  }

  #rewriteSoon(): void {
    this.#rewriting ??= this.rewrite()
      .catch((error: unknown) => {
        this.#policy.noteGarbage();
        const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
        this.#options.telemetry.log('store.rewrite_failed', { reason });
      })
      .finally(() => (this.#rewriting = undefined));
  }
}
