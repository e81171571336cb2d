/**
 * Counts, for each verdict, the distinct devices that had it within a window of time. Each verdict keeps the same number of devices at
 * most. When a verdict is full, its oldest device is left out, and the windows of all verdicts begin after that device. So the counts of two
 * verdicts are always of the same span of time, and can be compared.
 */
export class RecentVerdicts<Verdict extends string> {
  readonly #windowMs: number;
  readonly #capacity: number;
  /** By verdict: each device with the time of its last such verdict in milliseconds, oldest first. */
  readonly #devices = new Map<Verdict, Map<string, number>>();
  /** Verdicts before this time may be missing. */
  #completeSince = -Infinity;

  /**
   * @param windowMs how long a verdict counts, in milliseconds
   * @param capacity devices that are kept for each verdict
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
