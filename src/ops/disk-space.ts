import { statfs } from 'node:fs/promises';

/** Less room than this is as good as none: logs and stores write more than that in minutes. */
const LEAST_BYTES = 16 * 1024 * 1024;

/** The room on the disk of a directory, as of the last look. */
export class DiskSpace {
  readonly #directory: string;
  readonly #leastBytes: number;
  #freeBytes: number | undefined;

  /** @param options.leastBytes for tests: less room than this counts as none */
  constructor(directory: string, { leastBytes = LEAST_BYTES } = {}) {
    this.#directory = directory;
    this.#leastBytes = leastBytes;
  }

  /** Bytes; `undefined` where the directory is not there, and so nothing is kept in it. */
  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  get isFull(): boolean {
    return this.#freeBytes !== undefined && this.#freeBytes < this.#leastBytes;
  }

  /** Looks again. Never rejects. */
  async look(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#directory);
      this.#freeBytes = bavail * bsize;
    } catch {
      this.#freeBytes = undefined; // Not there, or not ours to see: other findings say so.
    }
  }
}
