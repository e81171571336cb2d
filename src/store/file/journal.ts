import { SECOND_MS } from '../../core/basics/clock.ts';
import { StoreUnavailable } from '../../core/registry/registration-store.ts';
import type { DocumentFile } from './document-file.ts';
import { JournalBatch, type JournalEntry } from './journal-batch.ts';
import { JournalFile, type JournalFileOptions } from './journal-file.ts';
import { encodeRecord } from './record-codec.ts';
import type { StoreRecord } from './store-record.ts';

/** The least time between two commits: changes that come meanwhile share the next one (contract 6). */
const COMMIT_EVERY_MS = 20;
/** Changes that no caller waits for are committed within this time. A crash that loses them costs one wake too many, or makes a registration expire earlier. */
const LAZY_MS = 250;
/** A disk that refuses is tried again after the first time, then after twice as long each time, up to the most. */
const PROBE_MS = { first: SECOND_MS, most: 5 * SECOND_MS };
/** The most bytes of entries that wait in memory for a disk that refuses. Beyond it they are dropped, and the file is rewritten when the disk works again. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

export interface JournalOptions extends JournalFileOptions {
  /** Called with the file's size, in bytes, after every commit. */
  readonly onCommitted: (size: number) => void;
}

/** Replaced in tests. */
export interface JournalSeams {
  /** The least time between two commits, in milliseconds. */
  readonly commitEveryMs?: number | undefined;
}

/**
 * Makes changes durable, many in one commit. There are two kinds:
 *
 * - {@link commit}: a caller waits. The promise resolves when the change is durable. If the disk fails, the change is undone and the
 *   promise rejects. A crash before that leaves the change durable or not, and the caller unanswered.
 * - {@link write}: no caller waits. The change is durable within 250 ms. If the disk fails, it stays in memory and is tried again.
 *
 * Changes of both kinds become durable in the order in which they were made. While the disk refuses, `commit` rejects at once, and an empty commit is tried every one to five seconds.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #commitEveryMs: number;
  readonly #file: JournalFile;
  #batch = new JournalBatch();
  #isRefusing = false;
  #probeMs = PROBE_MS.first;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #committedAt = -Infinity;
  #isClosed = false;

  /** Without {@link attach}, the first change creates the file. */
  constructor(options: JournalOptions, { commitEveryMs = COMMIT_EVERY_MS }: JournalSeams = {}) {
    const { beforeMaking, key, path, snapshot, telemetry } = options;
    this.#options = options;
    this.#commitEveryMs = commitEveryMs;
    this.#file = new JournalFile({ path, key, snapshot, beforeMaking, telemetry });
  }

  /** Whether the disk refuses, so that {@link commit} rejects. */
  get isRefusing(): boolean {
    return this.#isRefusing;
  }

  get hasFile(): boolean {
    return this.#file.isThere;
  }

  /** In bytes. */
  get size(): number {
    return this.#file.size;
  }

  /** Begins with a file that has all that memory has. */
  attach(file: DocumentFile): void {
    this.#file.attach(file);
  }

  /** Takes a change that no caller waits for. */
  write(record: StoreRecord): void {
    this.#add([entryOf(record)]);
    if (!this.#isRefusing) return this.#schedule(LAZY_MS);
    if (this.#batch.bytes <= MAX_KEPT_BYTES) return;
    this.#batch.clear();
    this.#file.doubt();
  }

  /**
   * Resolves when these changes, and all changes before them, are durable.
   *
   * @throws StoreUnavailable when they cannot be made durable; `undo` has run then
   */
  async commit(records: readonly StoreRecord[], undo: () => readonly StoreRecord[]): Promise<void> {
    if (this.#isRefusing || this.#isClosed) {
      undo();
      this.#options.telemetry.count('store_refusals');
      throw new StoreUnavailable();
    }
    this.#add(records.map(entryOf));
    const durable = this.#batch.wait(() => undo().map(entryOf));
    this.#schedule(Math.max(0, this.#committedAt + this.#commitEveryMs - performance.now()));
    return durable;
  }

  /** Begins in the refusing state: the file could be read but not opened for writing. */
  refuse(error: unknown): void {
    this.#fail(new JournalBatch(), error);
  }

  /** Writes all that memory keeps, and nothing else, to a new file. @throws the system's error */
  rewrite(): Promise<void> {
    return this.#file.rewrite();
  }

  /** Commits the entries that still wait, and closes the file. */
  async close(): Promise<void> {
    await this.#file.exclusively(() => this.#flush());
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#file.exclusively(() => this.#file.close());
  }

  #add(entries: readonly JournalEntry[]): void {
    this.#batch.add(entries);
    this.#file.note(entries);
  }

  #schedule(waitMs: number): void {
    const dueAt = performance.now() + waitMs;
    if (dueAt >= this.#dueAt || this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#dueAt = Infinity;
      void this.#file.exclusively(() => this.#flush());
    }, waitMs);
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    if (batch.isEmpty && !this.#isRefusing) return;
    this.#batch = new JournalBatch();
    this.#committedAt = performance.now();
    try {
      await this.#file.commit(batch.records);
    } catch (error) {
      return this.#fail(batch, error);
    }
    this.#options.telemetry.count('store_commits');
    batch.succeed();
    this.#options.onCommitted(this.size);
    if (!this.#isRefusing) return;
    this.#isRefusing = false;
    this.#probeMs = PROBE_MS.first;
    this.#options.telemetry.log('store.recovered');
  }

  #fail(batch: JournalBatch, error: unknown): void {
    const { telemetry } = this.#options;
    const { left, tell } = batch.undo(this.#batch);
    this.#batch = new JournalBatch();
    // A draft under way may have read what was just undone: `#add` gives it the entries that undo it.
    this.#add(left);
    telemetry.count('store_failures');
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (!this.#isRefusing) telemetry.log('store.refusing', { reason: code });
    this.#isRefusing = true;
    this.#schedule(this.#probeMs);
    this.#probeMs = Math.min(PROBE_MS.most, this.#probeMs * 2);
    tell(new StoreUnavailable());
  }
}

/** Only what a caller waits for can be undone, which is a change of a registration: its key is the name. */
function entryOf(record: StoreRecord): JournalEntry {
  const bytes = encodeRecord(record);
  if (record.type === 'registered') return { name: record.registration.tradePubkey, bytes };
  return record.type === 'removed' ? { name: record.tradePubkey, bytes } : { bytes };
}
