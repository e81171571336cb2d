/** How many events are remembered: those of many minutes, at the busiest relays. 64 KiB. */
const MOST = 8192;

/**
 * Remembers the latest events of a relay that came live. An event is remembered by a mark, a number made of its id, because no string is
 * made of a stranger's event.
 */
export class HeardMarks {
  #marks: Float64Array | undefined;
  #next = 0;
  #since = -Infinity;

  /** @param now milliseconds */
  note(mark: number, now: number): void {
    this.#marks ??= new Float64Array(MOST).fill(-1);
    this.#marks[this.#next] = mark;
    this.#next = (this.#next + 1) % MOST;
    if (this.#next === 0) this.#since = now;
  }

  /** Every event since then is remembered, in milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** The marks of this moment. */
  all(): ReadonlySet<number> {
    return new Set(this.#marks);
  }
}
