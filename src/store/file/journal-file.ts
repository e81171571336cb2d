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
  /** The records of all that memory keeps. Memory may change while they are read. */
  readonly snapshot: () => Iterable<StoreRecord>;
  /** Called before the file is created. @throws the system's error */
  readonly beforeMaking: () => Promise<void>;
  readonly telemetry: Telemetry;
}

/**
 * The file behind a journal: the current file gets a frame for each commit, and can be rewritten meanwhile.
 *
 * A rewrite reads memory, a frame at a time, into a draft beside the file, while commits go on in the current file. Memory changes
 * meanwhile, so every change since the beginning of the draft is collected in `#drafts` and becomes the draft's last frame. Reading a
 * change twice does no harm: a record says what is, not what is added. Then the draft takes the place of the file. Commits, and this
 * last step, run one at a time ({@link exclusively}).
 */
export class JournalFile {
  readonly #options: JournalFileOptions;
  #file: DocumentFile | undefined;
  /** For every draft under way, the entries since its beginning. */
  readonly #drafts = new Set<JournalEntry[]>();
  /** Whether the contents of the file are unknown, so that the next commit must rewrite it. */
  #isDoubtful = false;
  /** The end of the exclusive work that was begun last. It never rejects. */
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

  /** Begins with a file that has all that memory has. */
  attach(file: DocumentFile): void {
    this.#file = file;
  }

  /** Adds entries to the drafts under way: memory has changed since they were begun. */
  note(entries: readonly JournalEntry[]): void {
    for (const since of this.#drafts) since.push(...entries);
  }

  /** Makes the next commit rewrite the whole file. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** Makes records durable: as a frame of the current file, or by a rewrite if there is no file or its contents are unknown. @throws WriteFailure, or the system's error */
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
    await draft.install();
  }

  /** Writes all that memory keeps to a new file, which takes the place of the current one. @throws WriteFailure, or the system's error */
  async rewrite(): Promise<void> {
    const draft = await this.#draft();
    await this.exclusively(draft.install);
  }

  /** Runs work after all exclusive work that was begun before. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
  }

  /** Writes all that memory keeps to a draft beside the file. @returns a function that puts the draft in the file's place */
  async #draft(): Promise<{ install: () => Promise<void> }> {
    const { key, path, snapshot } = this.#options;
    const since: JournalEntry[] = [];
    this.#drafts.add(since);
    try {
      const draft = await writeDraft(path, key, snapshot());
      return { install: () => this.#install(draft, since) };
    } catch (error) {
      this.#drafts.delete(since);
      throw error;
    }
  }

  async #install(draft: DocumentFile, since: JournalEntry[]): Promise<void> {
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
