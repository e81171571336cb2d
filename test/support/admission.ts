import { Arrivals } from '../../stand-ins/arrivals.ts';
import { unsignedEvent } from './events.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeTelemetry } from './fake-telemetry.ts';
import { fcmTarget, LIFETIME, tradeKey } from './registrations.ts';
import { MemoryRegistrations } from '../../src/store/memory-registrations.ts';
import { MemorySeenEvents } from '../../src/store/memory-seen-events.ts';
import { EventAdmission } from '../../src/core/event-admission.ts';
import type { NostrEvent } from '../../src/core/nostr-event.ts';
import type { EventCandidate, EventOrigin } from '../../src/core/ports.ts';
import { recipientsOf } from '../../src/core/recipients.ts';
import { Registrations } from '../../src/core/registrations.ts';
import type { Waker } from '../../src/core/waker.ts';

interface Woken {
  readonly event: NostrEvent;
  readonly origin: EventOrigin;
  settle(settled: boolean): void;
  fail(fault: unknown): void;
}

/** A signature that the fake verifier refuses. */
export const FORGED = '0'.repeat(128);

/** Admission with key 1 registered. A signature is genuine here unless it is {@link FORGED}. */
export async function admissionWithOneKey(): Promise<{
  admission: EventAdmission;
  clock: FakeClock;
  /** An event of now for key 1. */
  event: (parts?: Partial<NostrEvent>) => NostrEvent;
  faults: Arrivals<unknown>;
  seen: MemorySeenEvents;
  telemetry: FakeTelemetry;
  /** The ids of the events whose signature was looked at. */
  verified: string[];
  /** What came through to the waker. */
  woken: Arrivals<Woken>;
}> {
  const clock = new FakeClock();
  const telemetry = new FakeTelemetry();
  const store = new MemoryRegistrations({ capacity: 100 });
  const registrations = new Registrations({ store, lifetime: LIFETIME, clock: clock.read, telemetry });
  await registrations.register(tradeKey(1), fcmTarget('phone'));
  const woken = new Arrivals<Woken>();
  const waker: Pick<Waker, 'wake'> = {
    wake: (event, origin) => new Promise((settle, fail) => woken.push({ event, origin, settle, fail })),
  };
  const verified: string[] = [];
  const faults = new Arrivals<unknown>();
  const seen = new MemorySeenEvents({ clock: clock.read });
  const admission = new EventAdmission({
    registrations,
    seen,
    verifier: { verify: ({ id, sig }) => verified.push(id) > 0 && sig !== FORGED },
    waker: waker as Waker,
    clock: clock.read,
    telemetry,
    onFault: (fault) => faults.push(fault),
  });
  const event = (parts: Partial<NostrEvent> = {}): NostrEvent =>
    unsignedEvent({ created_at: clock.seconds, tags: [['p', tradeKey(1)]], ...parts });
  return { admission, clock, event, faults, seen, telemetry, verified, woken };
}

/** The event as a relay's word. */
export function candidate(event: NostrEvent, parts: Partial<EventCandidate> = {}): EventCandidate {
  const { id, kind, tags } = event;
  return { id, kind, recipients: recipientsOf(tags), parse: () => event, ...parts };
}
