/** A record on its way to the disk, encoded. */
export interface JournalEntry {
  readonly bytes: Uint8Array;
  /** What the record is about, such as a trade pubkey, if its change can be undone: an entry that undoes it replaces all entries of its name. */
  readonly name?: string;
}

/** Undoes a change in memory. @returns the entries that make the disk say what memory now says */
export type Undo = () => readonly JournalEntry[];

interface Waiter {
  readonly undo: Undo;
  readonly resolve: () => void;
  readonly reject: (fault: unknown) => void;
}

/** The entries that become durable in one commit, and the callers that wait for it. */
export class JournalBatch {
  #entries: JournalEntry[] = [];
  #bytes = 0;
  #waiters: Waiter[] = [];

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#waiters.length === 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get records(): Uint8Array[] {
    return this.#entries.map(({ bytes }) => bytes);
  }

  add(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += entry.bytes.length;
    }
  }

  /** Resolves when the batch is durable. Rejects when it could not be made durable; `undo` has run then. */
  wait(undo: Undo): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ undo, resolve, reject }));
  }

  succeed(): void {
    for (const { resolve } of this.#waiters) resolve();
  }

  /**
   * Undoes all changes that callers wait for, newest first, after a failed commit.
   *
   * @param newer the batch that came after this one. Its changes are undone, too: they may build on those of this batch
   * @returns the entries that still have to become durable, and a function that rejects the callers' promises
   */
  undo(newer: JournalBatch): { left: JournalEntry[]; tell: (fault: unknown) => void } {
    const waiters = [...this.#waiters, ...newer.#waiters];
    const corrections = new Map<string, JournalEntry>();
    for (const { undo } of waiters.toReversed())
      for (const entry of undo()) corrections.set(entry.name ?? '', entry);
    const left = [...this.#entries, ...newer.#entries].filter(
      ({ name }) => name === undefined || !corrections.has(name),
    );
    const tell = (fault: unknown): void => waiters.forEach(({ reject }) => reject(fault));
    return { left: [...left, ...corrections.values()], tell };
  }

  /** Drops every entry: the next commit rewrites the whole file. */
  clear(): void {
    this.#entries = [];
    this.#bytes = 0;
  }
}
