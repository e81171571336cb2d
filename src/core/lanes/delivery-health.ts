import { MINUTE_MS, type Clock } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';

/** The score looks back so far: long enough that one bad second is no alarm, short enough that a night's outage is. */
const WINDOW_MINUTES = 10;
/** Fewer attempts than this say nothing about a share. */
const LEAST_ATTEMPTS = 5;
/** Below this the deliveries count as failing. */
const FAILING_BELOW = 0.5;
/** One answer of this kind can be an accident, three in a row are a state. */
const FAILURES_IN_A_ROW = 3;

interface Bucket {
  minute: number;
  good: number;
  bad: number;
}

/** What ails a provider as a whole, as its own answers tell: never what one device's answers do (contract 8). */
export type ProviderAilment = 'refuses us' | 'unreachable';

/**
 * How one provider has fared of late. Only signs that are about the provider count as bad: OAuth, 401, 403, 404 without
 * FCM's word, 5xx, the network. What it says of a device is a sign that it works.
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
   * @param timeOfDay what is shown to people
   * @param monotonic what waits go by
   */
  constructor(timeOfDay: Clock, monotonic: Clock = timeOfDay) {
    this.#timeOfDay = timeOfDay;
    this.#monotonic = monotonic;
  }

  note(delivery: Delivery): void {
    const now = this.#monotonic();
    const { outcome } = delivery;
    if (outcome === 'retry' && delivery.throttled === true) return;
    // An APNs key is the matter of iPhones alone, and what a client registers can bring the same answer about.
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

  /** Attempts within the window that tell of the provider. */
  get attempts(): number {
    const { good, bad } = this.#sums();
    return good + bad;
  }

  /** Share of the window's attempts that do not speak against the provider; 1 where there were none. */
  get score(): number {
    const { good, bad } = this.#sums();
    return good + bad === 0 ? 1 : good / (good + bad);
  }

  /** Whether most of what was tried of late failed, and enough was tried to tell. */
  get isPoor(): boolean {
    const { good, bad } = this.#sums();
    return good + bad >= LEAST_ATTEMPTS && good / (good + bad) < FAILING_BELOW;
  }

  /** Whether Apple refused the project's key of late. */
  get isApnsKeyRefused(): boolean {
    return this.#monotonic() - this.#apnsRefusedAt < WINDOW_MINUTES * MINUTE_MS;
  }

  /**
   * What ails the provider, with the reason of its last answer.
   *
   * @param isWaitedFor whether wakes wait for it: without any, nobody asks it any more, and old signs say nothing
   */
  ailment(isWaitedFor: boolean): { readonly what: ProviderAilment; readonly reason: string } | undefined {
    const stands = (sign: { readonly at: number } | undefined): boolean =>
      sign !== undefined && (isWaitedFor || this.#monotonic() - sign.at < WINDOW_MINUTES * MINUTE_MS);
    if (this.#refusal !== undefined && stands(this.#refusal))
      return { what: 'refuses us', reason: this.#refusal.reason };
    const { reason } = this.#lastFailure ?? {};
    // A token that FCM refuses although it is fresh is no accident.
    const isFailing =
      this.#failures >= FAILURES_IN_A_ROW || (this.#failures > 0 && reason === 'unauthenticated');
    return reason !== undefined && isFailing && stands(this.#lastFailure)
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
