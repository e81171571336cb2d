/** How far a server has read the log: memory has every change up to {@link applied}. */
export class Progress {
  #applied = 0;
  #waiting: { readonly number: number; readonly resolve: (isReached: boolean) => void }[] = [];

  get applied(): number {
    return this.#applied;
  }

  advance(number: number): void {
    this.#applied = number;
    if (this.#waiting.length === 0) return;
    const reached = this.#waiting.filter((one) => one.number <= number);
    this.#waiting = this.#waiting.filter((one) => one.number > number);
    for (const { resolve } of reached) resolve(true);
  }

  /** @returns false if the engine went down meanwhile */
  async reached(number: number): Promise<boolean> {
    if (number <= this.#applied) return true;
    return new Promise((resolve) => this.#waiting.push({ number, resolve }));
  }

  /** The log cannot be read on: all who wait hear of it. */
  interrupt(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve(false);
  }
}
