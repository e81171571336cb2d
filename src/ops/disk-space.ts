import { statfs } from 'node:fs/promises';

/** With less free space the disk counts as full: logs and stores write more than this in minutes. */
const LEAST_BYTES = 16 * 1024 * 1024;

/** The free space on the disk of a directory, as of the last look. */
export class DiskSpace {
  readonly #directory: string;
  readonly #leastBytes: number;
  #freeBytes: number | undefined;

  /** @param options.leastBytes for tests: with less free space the disk counts as full */
  constructor(directory: string, { leastBytes = LEAST_BYTES } = {}) {
    this.#directory = directory;
    this.#leastBytes = leastBytes;
  }

  /** Bytes; `undefined` if the directory does not exist. */
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
      this.#freeBytes = undefined; // Missing or not readable: other checks report that.
    }
  }
}
