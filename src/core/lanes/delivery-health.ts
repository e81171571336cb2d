import { MINUTE_MS, type Clock } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';

/** How far the score looks back. One bad second must not raise an alarm; an outage at night must. */
const WINDOW_MINUTES = 10;
/** Fewer attempts are too few for a score. */
const LEAST_ATTEMPTS = 5;
/** With a lower score the provider counts as failing. */
const FAILING_BELOW = 0.5;
/** One failure can be an accident. After so many in a row the provider counts as unreachable. */
const FAILURES_IN_A_ROW = 3;

interface Bucket {
  minute: number;
  good: number;
  bad: number;
}

/** What ails a provider as a whole. An answer about one device never counts (contract 8). */
export type ProviderAilment = 'refuses us' | 'unreachable';

/**
 * How one provider has fared of late. Only answers about the provider count as bad: OAuth, 401, 403, 404 without FCM's error code, 5xx,
 * the network. An answer about a device shows that the provider works.
 */
export class DeliveryHealth {
  readonly #timeOfDay: Clock;
  readonly #monotonic: Clock;
  readonly #buckets: Bucket[] = [];
  #lastDeliveryAt = 0;
  #failures = 0;
  #apnsRefusedAt = -Infinity;
  #refusal: { readonly reason: string; readonly at: number } | undefined;
  #lastFailure: { readonly reason: string; readonly at: number } | undefined;

  /**
   * @param timeOfDay for the time of the last delivery, which people read
   * @param monotonic for all spans of time
   */
  constructor(timeOfDay: Clock, monotonic: Clock = timeOfDay) {
    this.#timeOfDay = timeOfDay;
    this.#monotonic = monotonic;
  }

  note(delivery: Delivery): void {
    const now = this.#monotonic();
    const { outcome } = delivery;
    if (outcome === 'retry' && delivery.throttled === true) return;
    // The APNs key concerns iPhones only, and a client can cause the same answer by what it registers.
    if (outcome === 'refused' && delivery.reason === 'third_party_auth') this.#apnsRefusedAt = now;
    if (outcome === 'retry' && delivery.concerns === undefined) {
      this.#count('bad');
      this.#failures++;
      this.#lastFailure = { reason: delivery.reason, at: now };
    } else if (outcome === 'refused' && delivery.blames === 'provider') {
      this.#count('bad');
      this.#refusal = { reason: delivery.reason, at: now };
    } else {
      this.#count('good');
      this.#failures = 0;
      if (outcome === 'refused' || outcome === 'retry') return;
      this.#refusal = undefined;
      if (outcome === 'delivered') this.#lastDeliveryAt = this.#timeOfDay();
    }
  }

  /** Milliseconds since the epoch; 0 before the first delivery. */
  get lastDeliveryAt(): number {
    return this.#lastDeliveryAt;
  }

  /** Attempts within the window that count for the score. */
  get attempts(): number {
    const { good, bad } = this.#sums();
    return good + bad;
  }

  /** The share of good attempts within the window; 1 if there were no attempts. */
  get score(): number {
    const { good, bad } = this.#sums();
    return good + bad === 0 ? 1 : good / (good + bad);
  }

  /** Most attempts of late failed, and there were enough attempts to tell. */
  get isPoor(): boolean {
    const { good, bad } = this.#sums();
    return good + bad >= LEAST_ATTEMPTS && good / (good + bad) < FAILING_BELOW;
  }

  /** Why the last attempt failed that counted as bad, if any did. */
  get lastReason(): string | undefined {
    const [failure, refusal] = [this.#lastFailure, this.#refusal];
    return (refusal?.at ?? -Infinity) > (failure?.at ?? -Infinity) ? refusal?.reason : failure?.reason;
  }

  /** Apple has refused the project's key of late. */
  get isApnsKeyRefused(): boolean {
    return this.#monotonic() - this.#apnsRefusedAt < WINDOW_MINUTES * MINUTE_MS;
  }

  /**
   * What ails the provider, with the reason of its last answer.
   *
   * @param isWaitedFor whether wakes wait for the provider. If none wait, no attempt is made, and an answer counts for ten minutes only
   */
  ailment(isWaitedFor: boolean): { readonly what: ProviderAilment; readonly reason: string } | undefined {
    const counts = (answer: { readonly at: number } | undefined): boolean =>
      answer !== undefined && (isWaitedFor || this.#monotonic() - answer.at < WINDOW_MINUTES * MINUTE_MS);
    if (this.#refusal !== undefined && counts(this.#refusal))
      return { what: 'refuses us', reason: this.#refusal.reason };
    const { reason } = this.#lastFailure ?? {};
    // FCM refused an access token that was new. That is no accident.
    const isFailing =
      this.#failures >= FAILURES_IN_A_ROW || (this.#failures > 0 && reason === 'unauthenticated');
    return reason !== undefined && isFailing && counts(this.#lastFailure)
      ? { what: 'unreachable', reason }
      : undefined;
  }

  #count(side: 'good' | 'bad'): void {
    const minute = this.#minute();
    let bucket = this.#buckets.at(-1);
    if (bucket?.minute !== minute) {
      bucket = { minute, good: 0, bad: 0 };
      this.#buckets.push(bucket);
      if (this.#buckets.length > WINDOW_MINUTES) this.#buckets.shift();
    }
    bucket[side]++;
  }

  #sums(): { good: number; bad: number } {
    const oldest = this.#minute() - WINDOW_MINUTES;
    const sums = { good: 0, bad: 0 };
    for (const { minute, good, bad } of this.#buckets) {
      if (minute <= oldest) continue;
      sums.good += good;
      sums.bad += bad;
    }
    return sums;
  }

  #minute(): number {
    return Math.floor(this.#monotonic() / MINUTE_MS);
  }
}
