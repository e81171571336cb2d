import { MINUTE_MS, type Clock } from '../basics/clock.ts';
import type { EventFrame } from './event-intake.ts';

/** Forgeries that one key is charged with in a minute before events for it are dropped unverified (contract 2). */
const ALLOWED = 20;
/**
 * Keys that are accounted for at once, some 600 KB. Beyond it the key that was charged first begins a new minute: what that costs is
 * bounded by the relay's share of the processor.
 */
const MAX_KEYS = 4096;

/**
 * Forgeries that are known by their bytes, some 1 MB. Whoever asks a relay for its stored events gets the same forgeries every time;
 * each time as many others can be verified.
 */
const MAX_KNOWN = 8192;

interface Minute {
  /** Monotonic milliseconds. */
  readonly since: number;
  charged: number;
}

/** What is known of an event before it is parsed, or of one that was not genuine. */
type Suspect = Pick<EventFrame, 'fingerprint' | 'recipients'>;

/**
 * The events that one relay handed in and that were not genuine, by the key that they name: a registered trade key, or the author of
 * a relay list. Anybody can publish such an event where a relay does not verify, so the key pays for it: neither the relay, nor any
 * other key.
 */
export class Forgeries {
  readonly #clock: Clock;
  /** In the order in which the minutes began. */
  readonly #minutes = new Map<string, Minute>();
  /** The fingerprints of forgeries, the first one charged first. */
  readonly #known = new Set<string>();

  /** @param clock monotonic, in milliseconds */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether every one of these keys has used up its minute, so that an event for them is not verified. False for no key. */
  areSpent(keys: readonly string[]): boolean {
    if (this.#minutes.size === 0 || keys.length === 0) return false;
    return keys.every((key) => (this.#current(key)?.charged ?? 0) >= ALLOWED);
  }

  /**
   * What is to become of an event that has not been verified:
   * - `forged`: these very bytes have been charged before. They need not be verified again, and cost the key nothing;
   * - `unverified`: every key that it names has used up its minute;
   * - `undefined`: it is to be verified.
   */
  judge(event: Suspect): 'forged' | 'unverified' | undefined {
    // At an honest relay nothing is asked of the event, so that nothing is made of its bytes.
    if (this.#minutes.size === 0) return undefined;
    if (this.#known.size > 0 && this.#known.has(event.fingerprint())) return 'forged';
    return this.areSpent(event.recipients.keys) ? 'unverified' : undefined;
  }

  /** Charges an event that was not genuine to the keys that it names. @param forgery absent where its bytes need not be known again */
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
