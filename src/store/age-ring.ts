import { NO_RECORD } from './record-numbers.ts';
import { RecordRings } from './record-rings.ts';

/** No registration's record, but one that the ring begins and ends at. */
const START = 0;

/** Registrations in the order in which they give way, the one that was registered first before the others. */
export class AgeRing {
  readonly #ring = new RecordRings();

  constructor() {
    this.#ring.begin(START);
  }

  begin(record: number): void {
    this.#ring.begin(record);
  }

  /** As the last one. */
  join(record: number): void {
    this.#ring.join(record, START);
  }

  leave(record: number): void {
    this.#ring.leave(record);
  }

  oldest(): number {
    const first = this.#ring.next(START);
    return first === START ? NO_RECORD : first;
  }

  /** Puts them in the order of their age, whatever the order in which they came. @param ageOf smaller for an older one */
  sort(ageOf: (record: number) => number): void {
    const records: number[] = [];
    for (let one = this.#ring.next(START); one !== START; one = this.#ring.next(one)) records.push(one);
    for (const record of records.toSorted((a, b) => ageOf(a) - ageOf(b))) {
      this.leave(record);
      this.join(record);
    }
  }
}
