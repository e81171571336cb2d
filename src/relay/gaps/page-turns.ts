/** Runs one page request at a time, in the order in which they were made. So two kinds that need many pages take turns. */
export class PageTurns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the work when all earlier work is over, whether it succeeded or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
