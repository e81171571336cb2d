import { randomBytes } from 'node:crypto';

import { SharedEvents } from '../../src/core/fleet/shared-events.ts';
import { SharedRegistrations } from '../../src/core/fleet/shared-registrations.ts';
import { EventAdmission } from '../../src/core/intake/event-admission.ts';
import type { RelayIntake } from '../../src/core/intake/event-intake.ts';
import { RelayAccount } from '../../src/core/intake/relay-account.ts';
import type { Wake, WakeEnd } from '../../src/core/lanes/wake.ts';
import type { NostrEvent } from '../../src/core/nostr/nostr-event.ts';
import { deviceOf } from '../../src/core/registry/push-target.ts';
import { Registrations } from '../../src/core/registry/registrations.ts';
import { Coalescer } from '../../src/core/waking/coalescer.ts';
import { Waker } from '../../src/core/waking/waker.ts';
import { MemoryRegistrations } from '../../src/store/tables/memory-registrations.ts';
import { MemorySeenEvents } from '../../src/store/tables/memory-seen-events.ts';
import { FORGED, frameOf } from './admission.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeFleet } from './fake-fleet.ts';
import { FakeSchedule } from './fake-schedule.ts';
import { FakeTelemetry } from './fake-telemetry.ts';
import { fcmTarget, LIFETIME, tradeKey } from './registrations.ts';

type FakeWakeShare = ReturnType<FakeFleet['join']>;

export const WINDOW_MS = 5000;
export const COOLDOWN_MS = 60_000;
const RETRY_MS = 60_000;

/** One server of a fleet, from the intake of events to its lanes, in memory. */
export interface FleetServer {
  readonly share: FakeWakeShare;
  readonly admission: EventAdmission;
  /** The intake for one relay. */
  readonly intake: RelayIntake;
  readonly shared: SharedEvents;
  readonly waker: Waker;
  readonly registrations: Registrations;
  readonly telemetry: FakeTelemetry;
  /** The ids of the events that were verified here. */
  readonly verified: string[];
  /** The devices that were woken from here, in the order of their pushes. */
  readonly pushes: string[];
  /** The process was killed: it sends nothing any more. */
  isDead: boolean;
  /** Wakes wait for a retry, and are sent then. */
  isFailing: boolean;
  /** How pushes end; a push does not end while this is `undefined`. */
  end: WakeEnd | undefined;
}

export interface FleetScene {
  readonly fleet: FakeFleet;
  readonly schedule: FakeSchedule;
  readonly servers: readonly FleetServer[];
  /** Device n is that of key n, `phone n`. */
  readonly event: (n: number, parts?: Partial<NostrEvent>) => NostrEvent;
  /** An event comes live to these servers. */
  readonly come: (event: NostrEvent, ...to: FleetServer[]) => Promise<void>;
  /** `kill -9`. */
  readonly kill: (server: FleetServer) => void;
  /** All pushes of all servers. */
  readonly pushes: () => string[];
}

/** A fleet whose servers all have the registrations of keys 1 to `keys`. The first server that is alive owns every device. */
export async function fleetScene({ count = 3, keys = 3, isCoalescing = false } = {}): Promise<FleetScene> {
  const schedule = new FakeSchedule(new FakeClock());
  const fleet = new FakeFleet(schedule);
  const servers: FleetServer[] = [];
  for (let n = 0; n < count; n++) servers.push(await fleetServer(fleet, keys, isCoalescing));
  return {
    fleet,
    schedule,
    servers,
    event: (n, parts = {}) => ({
      id: n.toString(16).padEnd(64, 'e'),
      pubkey: 'b'.repeat(64),
      created_at: Math.floor(schedule.clock.now / 1000),
      kind: 1059,
      tags: [['p', tradeKey(n)]],
      content: 'sealed',
      sig: 'd'.repeat(128),
      ...parts,
    }),
    come: async (event, ...to) => {
      for (const { intake } of to) await intake.admit(frameOf(event), 'live');
      await schedule.advance(0);
    },
    kill: (server) => {
      server.isDead = true;
      server.share.kill();
    },
    pushes: () => servers.flatMap(({ pushes }) => pushes),
  };
}

function onFault(fault: unknown): void {
  throw fault;
}

async function fleetServer(fleet: FakeFleet, keys: number, isCoalescing: boolean): Promise<FleetServer> {
  const { schedule } = fleet;
  const { clock } = schedule;
  const telemetry = new FakeTelemetry();
  const registrations = new Registrations({
    store: new MemoryRegistrations({ capacity: 1000, lotOf: (device) => fleet.lotOf(device) }),
    lifetime: LIFETIME,
    clock: clock.read,
    monotonic: clock.read,
    mayExpire: () => true,
    ownership: true,
    telemetry,
  });
  for (let n = 1; n <= keys; n++)
    await registrations.register(tradeKey(n), fcmTarget(`phone ${n}`), 'android');
  const state: Pick<FleetServer, 'pushes' | 'verified' | 'end' | 'isDead' | 'isFailing'> = {
    pushes: [],
    verified: [],
    end: 'sent',
    isDead: false,
    isFailing: false,
  };
  const retries = new Map<string, Wake>();
  const share: FakeWakeShare = fleet.join({
    onHanded: (event, wake) => shared.take(event, wake),
    onOwed: (wake, windows) => {
      waker.continueWindows(deviceOf(wake.target), windows);
      void waker.payOwed(wake).catch(onFault);
    },
    onPaused: () => undefined,
    windowsOf: (group) => waker.windowsOf(group),
    running: (withinMs) => waker.running(withinMs),
    onMembership: () => undefined,
    onTold: (half, lot) => shared.told(half, lot),
  });
  const lanes = {
    request: async (wake: Wake): Promise<WakeEnd> => {
      const hasWaited = wake.wasHeld || state.isFailing;
      if (state.isFailing) {
        retries.set(wake.device, wake);
        await new Promise<void>((resolve) => schedule.schedule(RETRY_MS, resolve));
        retries.delete(wake.device);
      }
      const wanted = hasWaited ? await wake.stillWanted() : { here: wake.target };
      if (wanted.here === undefined) return 'dropped';
      if (state.isDead) return new Promise(() => undefined);
      state.pushes.push(wake.target.type === 'fcm' ? wake.target.token : '');
      const { end } = state;
      return end ?? new Promise<WakeEnd>(() => undefined);
    },
    unsent: (_target: unknown, device = '') => retries.get(device),
    follow: async () => true,
  };
  const [batchDelayMs, cooldownMs] = isCoalescing ? [WINDOW_MS, COOLDOWN_MS] : [0, 0];
  const hand = (wake: Wake): Promise<WakeEnd> => lanes.request(wake);
  const policy: Coalescer = new Coalescer({
    batchDelayMs,
    cooldownMs,
    monotonic: clock.read,
    schedule: schedule.schedule,
    hand,
    redirect: (wake) => shared.sendAtOwner(wake, (asked) => policy.request(asked)),
  });
  const waker: Waker = new Waker({
    registrations,
    asked: new SharedRegistrations(registrations, share),
    lanes,
    policy,
    instances: { authors: new Set(), isInstance: () => false },
    atOwner: (wake, request) => shared.sendAtOwner(wake, request),
  });
  const seen = new MemorySeenEvents({ clock: clock.read });
  const verifier = {
    verify: ({ id, sig }: NostrEvent): 'forged' | 'genuine' => {
      state.verified.push(id);
      return sig === FORGED ? 'forged' : 'genuine';
    },
  };
  const shared: SharedEvents = new SharedEvents({
    share,
    registrations,
    waker,
    seen,
    verifier,
    newId: () => randomBytes(32).toString('hex'),
    whyUnwanted: (event) => admission.whyUnwanted(event),
    wasAbsorbed: (id) => admission.wasAbsorbed(id),
    schedule: schedule.schedule,
    monotonic: clock.read,
    clock: clock.read,
    mayExpire: () => true,
    telemetry,
    onFault,
  });
  const admission: EventAdmission = new EventAdmission({
    registrations,
    seen,
    verifier,
    waker,
    share: shared,
    instancePubkeys: new Set(),
    clock: clock.read,
    monotonic: clock.read,
    mayExpire: () => true,
    telemetry,
    onFault,
  });
  return Object.assign(state, {
    share,
    admission,
    intake: admission.forRelay(new RelayAccount(clock.read)),
    shared,
    waker,
    registrations,
    telemetry,
  });
}
