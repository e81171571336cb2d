/** A change on its way to the disk. */
export interface JournalEntry {
  readonly bytes: Uint8Array;
  /** What it is a change of; absent where nothing is ever taken back. */
  readonly name?: string;
}

/** Takes back what was changed in memory, and says how it is on record that way. */
export type Undo = () => readonly JournalEntry[];

interface Waiter {
  readonly undo: Undo;
  readonly resolve: () => void;
  readonly reject: (fault: unknown) => void;
}

/** The changes that become durable together, and who waits for that. */
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

  /** Resolves when the batch is durable, and rejects when it could not be. */
  wait(undo: Undo): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ undo, resolve, reject }));
  }

  succeed(): void {
    for (const { resolve } of this.#waiters) resolve();
  }

  /**
   * Takes back, newest first, what somebody waited for.
   *
   * @param newer what came after this batch and rests on it
   * @returns what is still to become durable, and how to tell those who waited
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

  /** Drops every change: all is to be written anew. */
  forget(): void {
    this.#entries = [];
    this.#bytes = 0;
  }
}
