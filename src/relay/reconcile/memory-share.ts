/** A user of the shared memory. */
export interface MemoryUser {
  /** How much it takes, in bytes. */
  readonly bytes: number;
  /** Gives up its oldest part. @returns whether it had any */
  dropOldest(): boolean;
}

/**
 * The memory that all records of known events share. If they take more than that together, the largest record gives up its oldest part.
 * So a relay that sends very many events never takes the memory of another relay's record, unless that record is as large as its own.
 */
export class MemoryShare {
  readonly #most: number;
  readonly #users = new Set<MemoryUser>();

  /** @param most in bytes */
  constructor(most: number) {
    this.#most = most;
  }

  join(user: MemoryUser): void {
    this.#users.add(user);
  }

  leave(user: MemoryUser): void {
    this.#users.delete(user);
  }

  /** What all users take together, in bytes. */
  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#users) sum += bytes;
    return sum;
  }

  /** A user has grown. */
  onGrown(): void {
    while (this.bytes > this.#most) {
      let largest: MemoryUser | undefined;
      for (const user of this.#users) if (user.bytes > (largest?.bytes ?? 0)) largest = user;
      if (largest?.dropOldest() !== true) return;
    }
  }
}
