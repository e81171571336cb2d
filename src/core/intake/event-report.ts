import { SECOND_MS, type Clock } from '../basics/clock.ts';
import type { EventRejection } from './event-rejection.ts';
import type { NostrEvent } from '../nostr/nostr-event.ts';
import type { EventFrame, Verdict } from './event-intake.ts';
import type { EventOrigin } from '../waking/recovery.ts';
import type { Registration } from '../registry/registration.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';

/** What the admission of events counts, times, says and traces, and the verdict that goes with it. */
export class EventReport {
  readonly #telemetry: Telemetry;
  readonly #clock: Clock;

  constructor({ clock, telemetry }: { readonly clock: Clock; readonly telemetry: Telemetry }) {
    this.#telemetry = telemetry;
    this.#clock = clock;
  }

  matched(frame: EventFrame, origin: EventOrigin): void {
    const how = typeof origin === 'string' ? origin : 'caught up on';
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

  /** A wake that is still to come, or that of the recovery, answers it. */
  followed(registrations: readonly Registration[]): Verdict {
    this.#telemetry.count('events_absorbed');
    this.#telemetry.trace(keysOf(registrations), 'event answered by a wake that is coming');
    return 'admitted';
  }

  /** @param seenAt when it arrived, in milliseconds */
  claimed({ kind }: NostrEvent, registrations: readonly Registration[], seenAt: number): void {
    this.#telemetry.count('events_claimed');
    this.#telemetry.observe('event_admission_seconds', (this.#clock() - seenAt) / SECOND_MS);
    this.#telemetry.trace(keysOf(registrations), 'event claimed');
    this.#telemetry.log('event.matched', { kind });
  }
}

function keysOf(registrations: readonly Registration[]): TradePubkey[] {
  return registrations.map(({ tradePubkey }) => tradePubkey);
}
