import { readWords } from './hex-words.ts';
import { randomHash, type WordsHash } from './random-hash.ts';

/**
 * The first 128 bits of an id are kept. An id is the SHA-256 of a verified event. To make another party's event look like a seen one, an
 * attacker must find an event with the same first 128 bits: 2^128 work. With 2^64 work an attacker finds two events that agree, but
 * both are the attacker's own.
 */
const WORDS = 4;
/** Small: most servers need a small part of the capacity, and so every test makes the ring grow. */
const FIRST_PLACES = 4;
/** Places beyond the capacity, as a share of it. When removed ids have vacated so many, all ids are moved together. */
const SPARE_SHARE = 1 / 8;
/** The time at a place whose id has been removed. */
const VACATED = -Infinity;

/**
 * Event ids, each with a time, in the order in which they were added.
 *
 * The ids lie in a ring of places: 16 bytes of the id and 8 of the time. New ids go to its end. Removing the oldest id moves its
 * beginning; removing another id only marks the place as vacated, until the beginning gets there or the ring is rebuilt. The
 * index is a hash table with linear probing, at most half full, of places.
 *
 * When all places are taken, the ring is rebuilt: it doubles if most places have ids, and otherwise only closes the gaps. That is the one
 * pause, of some 0.1 s at a million ids.
 */
export class EventIdRing {
  readonly #capacity: number;
  readonly #hash: WordsHash;
  readonly #sought = new Uint32Array(WORDS);
  /** Four words of an id for each place. */
  #words = new Uint32Array(FIRST_PLACES * WORDS);
  #times = new Float64Array(FIRST_PLACES);
  /** By slot: a place + 1, or 0 for an empty slot. */
  #index = new Int32Array(FIRST_PLACES * 2);
  /** The place of the oldest id. It is never vacated. */
  #first = 0;
  /** Places from the first on that are in use, with the vacated ones between ids. */
  #taken = 0;
  #size = 0;

  constructor({ capacity, hash = randomHash(WORDS) }: { capacity: number; hash?: WordsHash }) {
    this.#capacity = capacity;
    this.#hash = hash;
  }

  /** Ids in the ring. */
  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity;
  }

  timeOf(id: string): number | undefined {
    const place = this.#placeAt(this.#find(id));
    return place < 0 ? undefined : this.#times[place];
  }

  /** The time of the oldest id. */
  oldestTime(): number | undefined {
    return this.#taken === 0 ? undefined : this.#times[this.#first];
  }

  /** Adds an id that is not in the ring. @throws RangeError if the ring is full */
  add(id: string, time: number): void {
    if (this.isFull) throw new RangeError('the ring of event ids is full');
    if (this.#taken === this.#times.length) this.#rebuild();
    const place = this.#nth(this.#taken);
    readWords(id, this.#words, place * WORDS, WORDS);
    this.#times[place] = time;
    this.#link(place);
    this.#taken++;
    this.#size++;
  }

  /** The ids that are in the ring at the first step, oldest first: the 32 hex characters that are kept of each. */
  *entries(): Generator<{ id: string; time: number }> {
    // Copies: the ring may change while the caller reads.
    const [words, times, first, taken] = [this.#words.slice(), this.#times.slice(), this.#first, this.#taken];
    for (let n = 0; n < taken; n++) {
      const place = (first + n) % times.length;
      const time = times[place] as number;
      if (time !== VACATED) yield { id: writeWords(words, place * WORDS), time };
    }
  }

  remove(id: string): void {
    this.#removeAt(this.#find(id));
  }

  removeOldest(): void {
    // No other id pushed the oldest one past its home slot: ids that were there before it are gone, and `#unlink` closes their gaps.
    if (this.#taken > 0) this.#removeAt(this.#homeOf(this.#first));
  }

  #removeAt(slot: number): void {
    const place = this.#placeAt(slot);
    if (place < 0) return;
    this.#unlink(slot);
    this.#times[place] = VACATED;
    this.#size--;
    while (this.#taken > 0 && this.#times[this.#first] === VACATED) {
      this.#first = this.#nth(1);
      this.#taken--;
    }
  }

  /** The slot of an id, or the empty slot where the search for it ended. */
  #find(id: string): number {
    readWords(id, this.#sought, 0, WORDS);
    let slot = this.#hash(this.#sought, 0) & (this.#index.length - 1);
    while (this.#index[slot] !== 0 && !this.#isSought(this.#placeAt(slot))) slot = this.#next(slot);
    return slot;
  }

  #isSought(place: number): boolean {
    for (let word = 0; word < WORDS; word++) {
      if (this.#words[place * WORDS + word] !== this.#sought[word]) return false;
    }
    return true;
  }

  #link(place: number): void {
    let slot = this.#homeOf(place);
    while (this.#index[slot] !== 0) slot = this.#next(slot);
    this.#index[slot] = place + 1;
  }

  /** Empties a slot. An id behind it that had been pushed past it moves back, so that no search ends too early. */
  #unlink(slot: number): void {
    const mask = this.#index.length - 1;
    let gap = slot;
    for (let at = this.#next(gap); this.#index[at] !== 0; at = this.#next(at)) {
      const pushedBy = (at - this.#homeOf(this.#placeAt(at))) & mask;
      if (pushedBy < ((at - gap) & mask)) continue;
      this.#index[gap] = this.#index[at] as number;
      gap = at;
    }
    this.#index[gap] = 0;
  }

  /** Makes room: moves all ids to new arrays, without vacated places. The arrays are twice as long if most places have ids. */
  #rebuild(): void {
    const [words, times, first] = [this.#words, this.#times, this.#first];
    const most = Math.ceil(this.#capacity * (1 + SPARE_SHARE));
    const doubled = Math.max(times.length, Math.min(times.length * 2, most));
    const places = this.#size * 2 > times.length ? doubled : times.length;
    this.#words = new Uint32Array(places * WORDS);
    this.#times = new Float64Array(places);
    this.#index = new Int32Array(powerOfTwo(2 * Math.min(places, this.#capacity)));
    this.#first = 0;
    this.#taken = 0;
    for (let n = 0; n < times.length; n++) {
      const from = (first + n) % times.length;
      if (times[from] === VACATED) continue;
      const place = this.#taken++;
      for (let word = 0; word < WORDS; word++) {
        this.#words[place * WORDS + word] = words[from * WORDS + word] as number;
      }
      this.#times[place] = times[from] as number;
      this.#link(place);
    }
  }

  /** The n-th place from the first on. */
  #nth(n: number): number {
    return (this.#first + n) % this.#times.length;
  }

  /** The place that a slot points to; negative if the slot is empty. */
  #placeAt(slot: number): number {
    return (this.#index[slot] as number) - 1;
  }

  #homeOf(place: number): number {
    return this.#hash(this.#words, place * WORDS) & (this.#index.length - 1);
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#index.length - 1);
  }
}

function writeWords(words: Uint32Array, at: number): string {
  return [...words.subarray(at, at + WORDS)].map((word) => word.toString(16).padStart(8, '0')).join('');
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}
