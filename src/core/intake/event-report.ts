import { SECOND_MS, type Clock } from '../basics/clock.ts';
import type { NostrEvent } from '../nostr/nostr-event.ts';
import type { EventFrame, Verdict } from './event-intake.ts';
import type { EventOrigin } from '../waking/recovery.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';

/**
 * Why an event for a registered key wakes no device.
 * - `not_new`: it may have been stored before the registration, or the registration has just expired.
 * - `heartbeat`: its devices are woken on a beat of their own, which no event changes.
 * - `other_author`: it is a signed message, and its author is not among `MOSTRO_PUBKEYS`.
 * - `unverified`: its keys were charged with too many forgeries from this relay within a minute.
 * - `undecided`: the library that verifies has failed. A further copy of the event may try again.
 */
export type EventRejection =
  | 'crowded'
  | 'malformed'
  | 'mismatched'
  | 'too_old'
  | 'expired'
  | 'other_author'
  | 'heartbeat'
  | 'forged'
  | 'undecided'
  | 'unverified'
  | 'not_new';

/** Counts, times, logs and traces the admission of events. Each method returns the verdict that it reports. */
export class EventReport {
  readonly #telemetry: Telemetry;
  readonly #clock: Clock;

  constructor({ clock, telemetry }: { readonly clock: Clock; readonly telemetry: Telemetry }) {
    this.#telemetry = telemetry;
    this.#clock = clock;
  }

  matched(frame: EventFrame, origin: EventOrigin): void {
    const how = typeof origin === 'string' ? origin : 'from a recovery';
    this.#telemetry.count('events_matched');
    this.#telemetry.trace(() => frame.recipients.keys, 'event seen', `kind ${frame.kind}, ${how}`);
  }

  rejected(reason: EventRejection, frame: EventFrame): Verdict {
    this.#telemetry.count('events_rejected', { reason });
    this.#telemetry.log('event.rejected', { reason, kind: frame.kind });
    this.#telemetry.trace(() => frame.recipients.keys, 'event rejected', reason);
    return reason === 'unverified' ? reason : 'rejected';
  }

  duplicate(frame: EventFrame): Verdict {
    this.#telemetry.count('events_duplicate');
    this.#telemetry.trace(() => frame.recipients.keys, 'event seen before');
    return 'duplicate';
  }

  /** Reports that other servers of the fleet own the event's devices. */
  left(frame: EventFrame): Verdict {
    this.#telemetry.count('events_left');
    this.#telemetry.trace(() => frame.recipients.keys, 'event left to its server');
    return 'admitted';
  }

  /** Reports that a wake is coming for the event's devices, or that the event's recovery has woken one of them. */
  absorbed(keys: readonly TradePubkey[]): Verdict {
    this.#telemetry.count('events_absorbed');
    this.#telemetry.trace(keys, 'event absorbed');
    return 'admitted';
  }

  /** @param since when the event arrived, in milliseconds */
  claimed({ kind }: NostrEvent, keys: readonly TradePubkey[], since: number): void {
    this.#telemetry.count('events_claimed');
    this.#telemetry.observe('event_admission_seconds', (this.#clock() - since) / SECOND_MS);
    this.#telemetry.trace(keys, 'event claimed');
    this.#telemetry.log('event.matched', { kind });
  }
}
