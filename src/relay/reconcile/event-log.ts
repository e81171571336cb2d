import { ID_WORDS } from '../wire/event-id.ts';
import { EventIds } from './event-ids.ts';
import type { IdentifiedEvent, KnownEvents } from './known-events.ts';

const FIRST_CAPACITY = 64;

/**
 * The events that one recovery has brought. They count as known when the recovery has ended soundly, and not before: some of them may have
 * to come again (`RecoveryIntake`).
 */
export class EventLog {
  readonly #ids = new EventIds();
  #times = new Float64Array(FIRST_CAPACITY);
  readonly #words = new Uint32Array(ID_WORDS);

  note(event: IdentifiedEvent): void {
    if (!event.readId(this.#words)) return;
    const { count } = this.#ids;
    if (count === this.#times.length) {
      const times = new Float64Array(2 * count);
      times.set(this.#times);
      this.#times = times;
    }
    this.#times[count] = event.createdAt;
    this.#ids.push(this.#words);
  }

  addTo(known: KnownEvents): void {
    for (let n = 0; n < this.#ids.count; n++) {
      this.#ids.read(n, this.#words);
      known.add(this.#times[n] as number, this.#words);
    }
  }
}
