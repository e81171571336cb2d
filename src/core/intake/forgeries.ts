import { MINUTE_MS, type Clock } from '../basics/clock.ts';
import type { Recipients } from '../nostr/recipients.ts';

/** After so many forgeries in a minute, events for a key are dropped without a verification (contract 2). */
const ALLOWED = 20;
/**
 * The most keys that are charged at once, some 600 KB. Beyond that, the key whose minute began first loses its count. More forgeries
 * for that key are then verified; the relay's share of the processor bounds their cost.
 */
const MAX_KEYS = 4096;

/**
 * The most forgeries that are known by their bytes, some 1 MB. Every recovery from a relay gets the same stored forgeries. A known one
 * is not verified again, so the relay's share of the processor is left for other events.
 */
const MAX_KNOWN = 8192;

interface Minute {
  /** When it began, by the monotonic clock, in milliseconds. */
  readonly since: number;
  charged: number;
}

/** The parts of a frame that are needed here (`EventFrame`). */
interface Suspect {
  readonly recipients: Recipients;
  fingerprint(): string;
}

/**
 * Counts the forgeries from one relay by the key that they name: a registered trade key, or the author of a relay list. Anybody can
 * publish a forgery at a relay that does not verify. So the named key pays for it, and not the relay or another key.
 */
export class Forgeries {
  readonly #clock: Clock;
  /** The current minute of each charged key, in the order in which the minutes began. */
  readonly #minutes = new Map<string, Minute>();
  /** The fingerprints of forgeries, the oldest first. */
  readonly #known = new Set<string>();

  /** @param clock monotonic, in milliseconds */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether each of these keys has used up its minute, so that an event for them is not verified. False for an empty list. */
  areSpent(keys: readonly string[]): boolean {
    if (this.#minutes.size === 0 || keys.length === 0) return false;
    return keys.every((key) => (this.#current(key)?.charged ?? 0) >= ALLOWED);
  }

  /**
   * What to do with an event that has not been verified:
   * - `forged`: exactly these bytes have been charged before. They need not be verified again, and the key is not charged again.
   * - `unverified`: each key that the event names has used up its minute, so the event is dropped.
   * - `undefined`: the event has to be verified.
   */
  judge(event: Suspect): 'forged' | 'unverified' | undefined {
    // At an honest relay nothing was charged. Then the event's bytes are not read.
    if (this.#minutes.size === 0) return undefined;
    if (this.#known.size > 0 && this.#known.has(event.fingerprint())) return 'forged';
    return this.areSpent(event.recipients.keys) ? 'unverified' : undefined;
  }

  /** Charges a forgery to the keys that it names. @param forgery given if its bytes are to be known from now on */
  charge(keys: readonly string[], forgery?: Pick<Suspect, 'fingerprint'>): void {
    for (const key of keys) this.#charge(key);
    if (forgery === undefined) return;
    this.#known.add(forgery.fingerprint());
    if (this.#known.size <= MAX_KNOWN) return;
    const [first] = this.#known;
    if (first !== undefined) this.#known.delete(first);
  }

  #charge(key: string): void {
    const current = this.#current(key);
    if (current !== undefined) {
      current.charged++;
      return;
    }
    this.#minutes.delete(key);
    this.#minutes.set(key, { since: this.#clock(), charged: 1 });
    if (this.#minutes.size <= MAX_KEYS) return;
    const [first] = this.#minutes.keys();
    if (first !== undefined) this.#minutes.delete(first);
  }

  #current(key: string): Minute | undefined {
    const minute = this.#minutes.get(key);
    return minute !== undefined && this.#clock() - minute.since < MINUTE_MS ? minute : undefined;
  }
}
