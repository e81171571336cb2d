/** Lets whoever asks a relay for pages do so one after the other, first come first served: two that go on asking take turns. */
export class PageTurns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the work when everything before it is over, however that ended. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
