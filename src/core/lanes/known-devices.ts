/** Devices that have had a wake delivered. Beyond the bound the device with the oldest delivery is left out. */
export class KnownDevices {
  readonly #capacity: number;
  readonly #devices = new Set<string>();

  /** @param capacity devices that are kept */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(device: string): boolean {
    return this.#devices.has(device);
  }

  /** The device has had a wake delivered. */
  add(device: string): void {
    this.#devices.delete(device);
    this.#devices.add(device);
    if (this.#devices.size <= this.#capacity) return;
    for (const oldest of this.#devices) return void this.#devices.delete(oldest);
  }

  remove(device: string): void {
    this.#devices.delete(device);
  }
}
