/** Devices that had a wake delivered, those forgotten first whose delivery was longest ago. */
export class KnownDevices {
  readonly #capacity: number;
  readonly #devices = new Set<string>();

  /** @param capacity devices that are remembered; none where it is 0 */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(device: string): boolean {
    return this.#devices.has(device);
  }

  /** @param isDelivered whether its last attempt was a delivery */
  note(device: string, isDelivered: boolean): void {
    if (this.#capacity === 0) return;
    this.#devices.delete(device);
    if (!isDelivered) return;
    this.#devices.add(device);
    if (this.#devices.size <= this.#capacity) return;
    for (const oldest of this.#devices) {
      this.#devices.delete(oldest);
      return;
    }
  }
}
