/** Which devices something happened to within a time. Bounded: beyond so many it only matters that they are many. */
export class DistinctDevices {
  readonly #windowMs: number;
  readonly #capacity: number;
  /** With the time it happened last, oldest first. */
  readonly #at = new Map<string, number>();

  constructor(windowMs: number, capacity: number) {
    this.#windowMs = windowMs;
    this.#capacity = capacity;
  }

  note(device: string, now: number): void {
    this.#at.delete(device);
    this.#at.set(device, now);
    for (const oldest of this.#at.keys()) {
      if (this.#at.size <= this.#capacity) return;
      this.#at.delete(oldest);
    }
  }

  count(now: number): number {
    for (const [device, at] of this.#at) {
      if (now - at < this.#windowMs) break;
      this.#at.delete(device);
    }
    return this.#at.size;
  }

  clear(): void {
    this.#at.clear();
  }
}
