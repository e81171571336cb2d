/** How many events are remembered: those of many minutes, at the busiest relays. 64 KiB for each relay and kind. */
const MOST = 8192;

/**
 * Remembers the latest events of a relay that came live and were for nobody. If one of them is for a key that was registered later, the
 * relay has not dropped it. An event is remembered by a mark, a number made of its id, because no string is made of a stranger's event.
 */
export class HeardMarks {
  #marks: Float64Array | undefined;
  #next = 0;

  note(mark: number): void {
    this.#marks ??= new Float64Array(MOST).fill(-1);
    this.#marks[this.#next] = mark;
    this.#next = (this.#next + 1) % MOST;
  }

  /** The marks of this moment. */
  all(): ReadonlySet<number> {
    return new Set(this.#marks);
  }
}
