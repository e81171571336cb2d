import { SECOND_MS, unixSeconds, type Clock } from './clock.ts';
import { MAX_EVENT_AGE_MS } from './event-age.ts';
import { expirationOf, type NostrEvent } from './nostr-event.ts';
import type { EventCandidate, EventOrigin, EventSink, EventVerifier, SeenEvents } from './ports.ts';
import type { Registrations } from './registrations.ts';
import type { Telemetry } from './telemetry.ts';
import type { Waker } from './waker.ts';

/** The most that relays take by default (strfry); Mostro sends two. */
const MAX_TAGS = 2000;

/** `not_new`: stored before the registration, as far as anyone can tell, or for one that has just expired. */
type Rejection = 'crowded' | 'malformed' | 'mismatched' | 'too_old' | 'expired' | 'forged' | 'not_new';

export interface EventAdmissionParts {
  readonly registrations: Registrations;
  readonly seen: SeenEvents;
  readonly verifier: EventVerifier;
  readonly waker: Waker;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Told of a fault that nothing here can mend; the program then stops. */
  readonly onFault: (fault: unknown) => void;
}

/**
 * The way of an event from a relay's word to a wake, cheapest question first: is it for somebody here? seen
 * already? well-formed and of our time? genuine? still unclaimed? An event for strangers ends at the first.
 */
export class EventAdmission implements EventSink {
  readonly #parts: EventAdmissionParts;

  constructor(parts: EventAdmissionParts) {
    this.#parts = parts;
  }

  offer(candidate: EventCandidate, origin: EventOrigin): void {
    const { registrations, seen, telemetry } = this.#parts;
    telemetry.count('events_received', { kind: String(candidate.kind) });
    if (!candidate.recipients.keys.some((key) => registrations.mayHold(key))) {
      telemetry.count('events_unmatched');
      return;
    }
    telemetry.count('events_matched');
    if (candidate.recipients.crowded) return this.#reject('crowded', candidate.kind);
    if (seen.knows(candidate.id)) return telemetry.count('events_duplicate');
    const event = candidate.parse();
    const rejection = event === undefined ? 'malformed' : this.#rejection(event, candidate);
    if (rejection !== undefined) return this.#reject(rejection, candidate.kind);
    this.#claim(event as NostrEvent, origin).catch(this.#parts.onFault);
  }

  #rejection(event: NostrEvent, candidate: EventCandidate): Rejection | undefined {
    const { clock, telemetry, verifier } = this.#parts;
    const now = unixSeconds(clock);
    // The subscription asked for one kind, and the seen-set was asked about one id: the event must be that one.
    if (event.id !== candidate.id || event.kind !== candidate.kind) return 'mismatched';
    if (event.tags.length > MAX_TAGS) return 'crowded';
    if (event.created_at < now - MAX_EVENT_AGE_MS / SECOND_MS) return 'too_old';
    if ((expirationOf(event) ?? Infinity) <= now) return 'expired';
    telemetry.count('events_verified');
    return verifier.verify(event) ? undefined : 'forged';
  }

  async #claim(event: NostrEvent, origin: EventOrigin): Promise<void> {
    const { seen, telemetry, waker } = this.#parts;
    // Before it is reserved: a relay that hands it in as stored must not suppress it where it is live.
    const registrations = await waker.addressed(event, origin);
    if (registrations.length === 0) return this.#reject('not_new', event.kind);
    if ((await seen.reserve(event.id)) !== 'new') return telemetry.count('events_duplicate');
    telemetry.count('events_claimed');
    telemetry.log('event.matched', { kind: event.kind });
    try {
      const settled = await waker.wake(registrations);
      await (settled ? seen.commit(event.id) : seen.release(event.id));
    } catch (fault) {
      await seen.release(event.id);
      throw fault;
    }
  }

  #reject(reason: Rejection, kind: number): void {
    this.#parts.telemetry.count('events_rejected', { reason });
    this.#parts.telemetry.log('event.rejected', { reason, kind });
  }
}
