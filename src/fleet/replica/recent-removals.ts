/** So many removals are remembered. */
const MOST = 50_000;

/** The last removals, so that an engine that has lost its last changes does not bring back what was removed. */
export class RecentRemovals {
  /** By field, as latin1: the number of its removal. */
  readonly #numbers = new Map<string, number>();

  note(field: string, number: number): void {
    this.#numbers.delete(field);
    this.#numbers.set(field, number);
    if (this.#numbers.size <= MOST) return;
    for (const oldest of this.#numbers.keys()) {
      this.#numbers.delete(oldest);
      return;
    }
  }

  /** The number of the field's removal; 0 if none is known. */
  of(field: string): number {
    return this.#numbers.get(field) ?? 0;
  }
}
