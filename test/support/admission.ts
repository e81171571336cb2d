import { Arrivals } from '../../stand-ins/arrivals.ts';
import { unsignedEvent } from './events.ts';
import type { FakeClock } from './fake-clock.ts';
import { FakeLanes } from './fake-lanes.ts';
import type { FakeTelemetry } from './fake-telemetry.ts';
import { noCoalescing } from './no-coalescing.ts';
import { fcmTarget, tradeKey, liveRegistrations } from './registrations.ts';
import { MemorySeenEvents } from '../../src/store/tables/memory-seen-events.ts';
import { EventAdmission } from '../../src/core/intake/event-admission.ts';
import type { NostrEvent } from '../../src/core/nostr/nostr-event.ts';
import type { EventFrame, RelayIntake } from '../../src/core/intake/event-intake.ts';
import type { EventOrigin } from '../../src/core/waking/recovery.ts';
import type { Registrations } from '../../src/core/registry/registrations.ts';
import type { WakeEnd } from '../../src/core/lanes/wake.ts';
import type { KeyWake } from '../../src/core/waking/key-wake.ts';
import { RelayAccount } from '../../src/core/intake/relay-account.ts';
import { recipientsOf } from '../../src/core/nostr/recipients.ts';
import { Waker } from '../../src/core/waking/waker.ts';

interface Woken {
  readonly event: NostrEvent;
  readonly origin: EventOrigin;
  end(how: WakeEnd): void;
  fail(fault: unknown): void;
}

/** A signature that the fake verifier refuses. */
export const FORGED = '0'.repeat(128);
/** A signature for which the fake verifier has no answer, as if its library had failed. */
export const UNDECIDED = '1'.repeat(128);

/** Admission with key 1 registered. A signature counts as genuine unless it is {@link FORGED}. */
export async function admissionWithOneKey(authors: readonly string[] = []): Promise<{
  /** What is charged to the relay of `admission`. */
  account: RelayAccount;
  /** How long each verification takes, in milliseconds. */
  unhurried: { verifyMs: number };
  /** The intake for one relay. */
  admission: RelayIntake;
  /** The intake for another relay. */
  anotherDoor: () => RelayIntake;
  clock: FakeClock;
  /** An event of now for key 1. */
  event: (parts?: Partial<NostrEvent>) => NostrEvent;
  faults: Arrivals<unknown>;
  registrations: Registrations;
  seen: MemorySeenEvents;
  telemetry: FakeTelemetry;
  /** If true, every device has an unsent live wake. */
  unsent: { isSo: boolean };
  /** The ids of the events whose signature was looked at. */
  verified: string[];
  /** The events that reached the waker. */
  woken: Arrivals<Woken>;
}> {
  const { registrations, clock, telemetry } = liveRegistrations();
  await registrations.register(tradeKey(1), fcmTarget('phone'), 'android');
  const woken = new Arrivals<Woken>();
  const instances = { authors: new Set(authors), isInstance: (): boolean => false };
  const lanes = new FakeLanes();
  const real = new Waker({ registrations, lanes, ...noCoalescing(lanes), instances });
  const asked = new Map<readonly KeyWake[], Pick<Woken, 'event' | 'origin'>>();
  const unsent = { isSo: false };
  const waker: Pick<Waker, 'wakesFor' | 'areUnsent' | 'areRecovered' | 'isUnheeded' | 'request'> = {
    areUnsent: () => unsent.isSo,
    areRecovered: (wakes, recovery) => real.areRecovered(wakes, recovery),
    isUnheeded: (event) => real.isUnheeded(event),
    async wakesFor(event, origin) {
      const wakes = await real.wakesFor(event, origin);
      asked.set(wakes, { event, origin });
      return wakes;
    },
    request: (wakes) =>
      new Promise((end, fail) =>
        woken.push({ ...(asked.get(wakes) as Pick<Woken, 'event' | 'origin'>), end, fail }),
      ),
  };
  const verified: string[] = [];
  const unhurried = { verifyMs: 0 };
  const faults = new Arrivals<unknown>();
  const seen = new MemorySeenEvents({ clock: clock.read });
  const intake = new EventAdmission({
    registrations,
    seen,
    verifier: {
      verify: ({ id, sig }) => {
        verified.push(id);
        clock.advance(unhurried.verifyMs);
        return sig === UNDECIDED ? 'undecided' : sig === FORGED ? 'forged' : 'genuine';
      },
    },
    waker: waker as Waker,
    instancePubkeys: instances.authors,
    clock: clock.read,
    monotonic: clock.read,
    mayExpire: () => true,
    telemetry,
    onFault: (fault) => faults.push(fault),
  });
  const anotherDoor = (): RelayIntake => intake.forRelay(new RelayAccount(clock.read));
  const account = new RelayAccount(clock.read);
  const admission = intake.forRelay(account);
  const event = (parts: Partial<NostrEvent> = {}): NostrEvent =>
    unsignedEvent({ created_at: clock.seconds, tags: [['p', tradeKey(1)]], ...parts });
  return {
    account,
    unhurried,
    anotherDoor,
    registrations,
    admission,
    clock,
    event,
    faults,
    seen,
    telemetry,
    unsent,
    verified,
    woken,
  };
}

/** The event in an EVENT frame. */
export function frameOf(event: NostrEvent, parts: Partial<EventFrame> = {}): EventFrame {
  const { id, kind, created_at: createdAt, tags } = event;
  const recipients = recipientsOf(tags);
  const isFor: EventFrame['isFor'] = (holds) => recipients.isFor(holds);
  const isCrowded = recipients.crowded;
  return {
    id,
    kind,
    createdAt,
    size: JSON.stringify(event).length,
    recipients,
    isCrowded,
    isFor,
    parse: () => event,
    fingerprint: () => JSON.stringify(event),
    ...parts,
  };
}
