import { SECOND_MS } from '../../core/basics/clock.ts';
import { StoreUnavailable } from '../../core/registry/store-unavailable.ts';
import type { DocumentFile } from './document-file.ts';
import { JournalBatch, type JournalEntry, type Undo } from './journal-batch.ts';
import { JournalFile, type JournalFileOptions } from './journal-file.ts';

/** At most one commit in so long: whoever comes meanwhile shares the next one (contract 6). */
const COMMIT_EVERY_MS = 20;
/** What nobody waits for is committed within this: losing it costs a wake too many, or a little of a time to live. */
const LAZY_MS = 250;
/** How soon a disk that refuses is tried again, and how seldom at the most. */
const PROBE_MS = { first: SECOND_MS, most: 5 * SECOND_MS };
/** What is kept for a disk that refuses; beyond it, everything is written anew when it takes something again. In bytes. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

export interface JournalOptions extends JournalFileOptions {
  /** Told of the file's size, in bytes, after every commit. */
  readonly onCommitted: (size: number) => void;
}

/** Replaced in tests. */
export interface JournalSeams {
  /** The least time between two commits, in milliseconds. */
  readonly commitEveryMs?: number | undefined;
}

/**
 * Makes changes durable, many at once. A change that somebody waits for is durable before they are answered, or else taken
 * back; one that nobody waits for follows soon. While the disk refuses, the first kind is refused and the second is kept.
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

  /** Without {@link attach} the file is made with the first change. */
  constructor(options: JournalOptions, { commitEveryMs = COMMIT_EVERY_MS }: JournalSeams = {}) {
    const { beforeMaking, key, path, snapshot, telemetry } = options;
    this.#options = options;
    this.#commitEveryMs = commitEveryMs;
    this.#file = new JournalFile({ path, key, snapshot, beforeMaking, telemetry });
  }

  /** Whether the disk refuses, so that no change is taken that must be durable before it is answered. */
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

  /** Goes on with a file that holds what memory holds. */
  attach(file: DocumentFile): void {
    this.#file.attach(file);
  }

  /** Takes a change that nobody waits for. */
  write(entry: JournalEntry): void {
    this.#add([entry]);
    if (!this.#isRefusing) return this.#schedule(LAZY_MS);
    if (this.#batch.bytes <= MAX_KEPT_BYTES) return;
    this.#batch.forget();
    this.#file.doubt();
  }

  /**
   * Resolves when these changes, and whatever was changed before, are durable.
   *
   * @throws StoreUnavailable when they cannot be; they have been undone then
   */
  async commit(entries: readonly JournalEntry[], undo: Undo): Promise<void> {
    if (this.#isRefusing || this.#isClosed) {
      undo();
      this.#options.telemetry.count('store_refusals');
      throw new StoreUnavailable();
    }
    this.#add(entries);
    const durable = this.#batch.wait(undo);
    this.#schedule(Math.max(0, this.#committedAt + this.#commitEveryMs - performance.now()));
    return durable;
  }

  /** Begins in the refusing state: the disk could be read, and not written to. */
  refuse(error: unknown): void {
    this.#fail(new JournalBatch(), error);
  }

  /** Writes all that memory holds to a new file, so that nothing else is in it any more. @throws what the system says */
  rewrite(): Promise<void> {
    return this.#file.rewrite();
  }

  /** Commits what is left, and closes the file. */
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
    // A draft under way may have taken in what has just been taken back.
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
