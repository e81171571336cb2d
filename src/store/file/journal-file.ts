import type { Secret } from '../../core/basics/secret.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { WriteFailure, type DocumentFile } from './document-file.ts';
import type { JournalEntry } from './journal-batch.ts';
import { encodeRecord } from './record-codec.ts';
import type { StoreRecord } from './store-record.ts';
import { discard, writeDraft } from './write-draft.ts';

export interface JournalFileOptions {
  readonly path: string;
  readonly key: Secret<Uint8Array>;
  /** All that memory holds. It may change while it is read. */
  readonly snapshot: () => Iterable<StoreRecord>;
  /** Runs before the file is made. @throws what the system says */
  readonly beforeMaking: () => Promise<void>;
  readonly telemetry: Telemetry;
}

/** The file of a journal: added to, and written anew beside itself while it is. One thing at a time is done to it. */
export class JournalFile {
  readonly #options: JournalFileOptions;
  #file: DocumentFile | undefined;
  /** For every draft under way, what has changed since it was begun. */
  readonly #drafts = new Set<JournalEntry[]>();
  /** Whether nobody knows what the file holds. */
  #isDoubtful = false;
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: JournalFileOptions) {
    this.#options = options;
  }

  get isThere(): boolean {
    return this.#file !== undefined;
  }

  /** In bytes. */
  get size(): number {
    return this.#file?.size ?? 0;
  }

  /** Goes on with a file that holds what memory holds. */
  attach(file: DocumentFile): void {
    this.#file = file;
  }

  /** Memory has changed: whatever is being written anew must have it too. */
  note(entries: readonly JournalEntry[]): void {
    for (const since of this.#drafts) since.push(...entries);
  }

  /** The next commit writes everything anew. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** Makes these records durable, after what was given before. @throws WriteFailure, or what the system says */
  async commit(records: readonly Uint8Array[]): Promise<void> {
    const file = this.#file;
    if (file !== undefined && !this.#isDoubtful && (await file.isInPlace())) {
      try {
        await file.write(records);
        return await file.sync();
      } catch (error) {
        this.#isDoubtful = error instanceof WriteFailure && error.isDoubtful;
        throw error;
      }
    }
    if (file !== undefined && !this.#isDoubtful) this.#options.telemetry.log('store.file_missing');
    await this.#options.beforeMaking();
    const draft = await this.#draft();
    await draft.adopt();
  }

  /** @throws WriteFailure, or what the system says */
  async rewrite(): Promise<void> {
    const draft = await this.#draft();
    await this.exclusively(draft.adopt);
  }

  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
  }

  /** Writes all that memory holds beside the file. @returns how to put it in the file's place */
  async #draft(): Promise<{ adopt: () => Promise<void> }> {
    const { key, path, snapshot } = this.#options;
    const since: JournalEntry[] = [];
    this.#drafts.add(since);
    try {
      const draft = await writeDraft(path, key, snapshot());
      return { adopt: () => this.#adopt(draft, since) };
    } catch (error) {
      this.#drafts.delete(since);
      throw error;
    }
  }

  async #adopt(draft: DocumentFile, since: JournalEntry[]): Promise<void> {
    try {
      await draft.write([...since.map(({ bytes }) => bytes), encodeRecord({ type: 'rewritten' })]);
      await draft.sync();
      const former = this.#file;
      this.#file = await draft.moveTo(this.#options.path);
      this.#isDoubtful = false;
      await former?.[Symbol.asyncDispose]();
      this.#options.telemetry.count('store_rewrites');
    } catch (error) {
      await discard(draft);
      throw error;
    } finally {
      this.#drafts.delete(since);
    }
  }
}
