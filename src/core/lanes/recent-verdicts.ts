/**
 * How many distinct devices each verdict was passed on within a window of time. Every verdict remembers the same number of
 * devices at most. When one verdict is full, its oldest device is forgotten and the window of every verdict begins there: the
 * counts of two verdicts are always of the same span of time and can be compared.
 */
export class RecentVerdicts<Verdict extends string> {
  readonly #windowMs: number;
  readonly #capacity: number;
  /** By verdict: each device with the time of its last such verdict in milliseconds, oldest first. */
  readonly #devices = new Map<Verdict, Map<string, number>>();
  /** Verdicts from before this time may have been forgotten. */
  #completeSince = -Infinity;

  /**
   * @param windowMs how long a verdict counts, in milliseconds
   * @param capacity devices that are remembered for each verdict
   */
  constructor(windowMs: number, capacity: number) {
    this.#windowMs = windowMs;
    this.#capacity = capacity;
  }

  /** @param now milliseconds; never less than before */
  note(verdict: Verdict, device: string, now: number): void {
    let devices = this.#devices.get(verdict);
    if (devices === undefined) this.#devices.set(verdict, (devices = new Map()));
    devices.delete(device);
    devices.set(device, now);
    if (devices.size <= this.#capacity) return;
    for (const [oldest, at] of devices) {
      devices.delete(oldest);
      this.#completeSince = Math.max(this.#completeSince, at);
      return;
    }
  }

  count(verdict: Verdict, now: number): number {
    const devices = this.#devices.get(verdict);
    if (devices === undefined) return 0;
    for (const [device, at] of devices) {
      if (now - at < this.#windowMs && at >= this.#completeSince) break;
      devices.delete(device);
    }
    return devices.size;
  }

  clear(verdict: Verdict): void {
    this.#devices.delete(verdict);
  }
}
