import { Arrivals } from '../../stand-ins/arrivals.ts';
import { EventAdmission } from '../../src/core/intake/event-admission.ts';
import type { NostrEvent } from '../../src/core/nostr/nostr-event.ts';
import type { RecoveryIntake, RelayIntake, Verdict } from '../../src/core/intake/event-intake.ts';
import { RelayAccount } from '../../src/core/intake/relay-account.ts';
import type { Registrations } from '../../src/core/registry/registrations.ts';
import type { Wake, WakeEnd } from '../../src/core/lanes/wake.ts';
import { Waker } from '../../src/core/waking/waker.ts';
import { MemorySeenEvents } from '../../src/store/tables/memory-seen-events.ts';
import { frameOf } from './admission.ts';
import { unsignedEvent, eventId } from './events.ts';
import type { FakeTelemetry } from './fake-telemetry.ts';
import { noCoalescing } from './no-coalescing.ts';
import { settled } from './settled.ts';
import { fcmTarget, tradeKey, liveRegistrations } from './registrations.ts';

interface Pushed {
  readonly wake: Wake;
  finish(end: WakeEnd): void;
}

export interface RecoveringAdmission {
  readonly admission: RelayIntake;
  readonly registrations: Registrations;
  readonly seen: MemorySeenEvents;
  readonly telemetry: FakeTelemetry;
  /** The wakes. Each is under way until the test ends it. */
  readonly pushes: Arrivals<Pushed>;
  /** Hands in the n-th event for these keys (key 1 if absent), live or by a recovery, and waits until nothing more happens by itself. */
  readonly admit: (n: number, origin: 'live' | RecoveryIntake, keys?: readonly number[]) => Promise<Verdict>;
}

/** Admission with the real waker. Keys 1 and 2 are registered for one phone, key 3 for another. Every signature is genuine. */
export async function recoveringAdmission(): Promise<RecoveringAdmission> {
  const { registrations, clock, telemetry } = liveRegistrations();
  for (const n of [1, 2]) await registrations.register(tradeKey(n), fcmTarget('phone'), 'android');
  await registrations.register(tradeKey(3), fcmTarget('other'), 'android');
  const pushes = new Arrivals<Pushed>();
  const lanes = {
    request: (wake: Wake): Promise<WakeEnd> => new Promise((finish) => pushes.push({ wake, finish })),
    unsent: () => undefined,
    follow: async () => true,
  };
  const seen = new MemorySeenEvents({ clock: clock.read });
  const intake = new EventAdmission({
    registrations,
    seen,
    verifier: { verify: () => 'genuine' },
    waker: new Waker({ registrations, lanes, ...noCoalescing(lanes) }),
    instancePubkeys: new Set(),
    clock: clock.read,
    monotonic: clock.read,
    mayExpire: () => true,
    telemetry,
    onFault: (fault) => {
      throw fault;
    },
  });
  const admission = intake.forRelay(new RelayAccount(clock.read));
  const event = (n: number, keys: readonly number[]): NostrEvent =>
    unsignedEvent({
      id: eventId(n),
      created_at: clock.seconds,
      tags: keys.map((key) => ['p', tradeKey(key)]),
    });
  return {
    admission,
    registrations,
    seen,
    telemetry,
    pushes,
    async admit(n, origin, keys = [1]) {
      const frame = frameOf(event(n, keys));
      const verdict = origin === 'live' ? admission.admit(frame, origin) : origin.admit(frame);
      await settled();
      return verdict;
    },
  };
}
