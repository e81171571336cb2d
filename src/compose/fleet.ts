import { randomBytes } from 'node:crypto';

import type { ComposedCohorts } from './cohorts.ts';
import type { FleetLink } from './composed-store.ts';
import { payLeft, windowsLeft } from './next-owner.ts';
import type { CompositionOptions } from './options.ts';
import type { ProgramTime } from './time.ts';
import { CohortDealer } from '../core/fleet/cohort-dealer.ts';
import { SharedEvents } from '../core/fleet/shared-events.ts';
import type { WakeShare, WakeShareListener } from '../core/fleet/wake-share.ts';
import type { EventAdmission } from '../core/intake/event-admission.ts';
import type { SeenEvents } from '../core/intake/seen-events.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import { SharedPauses } from '../core/lanes/shared-pauses.ts';
import type { EventVerifier } from '../core/nostr/event-verifier.ts';
import { deviceOf } from '../core/registry/push-target.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import type { TradePubkey } from '../core/registry/trade-pubkey.ts';
import type { KeyWake } from '../core/waking/key-wake.ts';
import type { OwedDevices } from '../core/waking/owed-devices.ts';
import type { AtOwner, Waker } from '../core/waking/waker.ts';
import { heartbeatPlaces } from '../crypto/heartbeat-place.ts';
import { ScriptError } from '../fleet/engine/engine.ts';
import { FleetWakeShare } from '../fleet/claims/fleet-wake-share.ts';

const EVENT_ID_BYTES = 32;

interface Shared {
  readonly link: FleetLink;
  readonly time: ProgramTime;
  readonly seen: SeenEvents;
  readonly verifier: EventVerifier;
  /** Whether the store keeps the key. */
  readonly isKept: (key: TradePubkey) => boolean;
  readonly onFault: (fault: unknown) => void;
  readonly parts: () => FleetParts;
}

/** Parts that are made after the fleet. */
export interface FleetParts {
  readonly registrations: Registrations;
  readonly waker: Waker;
  readonly lanes: PushLanes;
  readonly intake: EventAdmission;
  readonly resumeCohorts: () => Promise<void>;
  readonly cohorts: ComposedCohorts | undefined;
}

/** What makes this server one of a fleet (contract 10). */
export interface ComposedFleet {
  readonly share: WakeShare;
  readonly events: SharedEvents;
  readonly owed: OwedDevices;
  readonly pauses: SharedPauses;
  /** Has a wake that answers no event here asked for by the server that owns its device. */
  readonly atOwner: AtOwner;
  /** Whether this server, and no other, wakes the group of the wake now. */
  readonly isOurs: (wake: KeyWake) => Promise<boolean>;
  /** Where a device has its place on the wheel of heartbeats. */
  readonly placeOf: (device: string) => number;
  /** Whether this server changes the cohorts. No other server does at the same time. */
  readonly dealsCohorts: () => boolean;
  /** The servers that are known to live. */
  readonly servers: () => number;
  /** Expired registrations were removed. */
  readonly sweep: () => void;
  /** Joins the fleet. Resolves when the engine has heard of this server, or is found to be down. */
  readonly start: () => Promise<void>;
  /** Leaves the fleet. The other servers take over the wakes that were not sent. */
  readonly stop: () => Promise<void>;
}

export function composeFleet(options: CompositionOptions, shared: Shared): ComposedFleet {
  const { onFault, parts, time } = shared;
  const share: FleetWakeShare = createShare(options, shared, {
    onHanded: (event, wake) => events.take(event, wake),
    onMembership: () => dealer.follow(),
    onTold: (half, lot) => events.told(half, lot),
  });
  const events = createEvents(options, shared, share);
  shared.link.follow({
    streams: () => share.streams(),
    onEntries: (key, entries) => share.onEntries(key, entries),
  });
  const dealer = new CohortDealer({
    owns: (group) => share.owns(group),
    schedule: time.schedule,
    onDealer: () => void parts().cohorts?.takeOver().catch(onFault),
  });
  return {
    share,
    events,
    owed: share.owed,
    pauses: new SharedPauses({ monotonic: time.passing, tell: (lane, ms) => share.pause(lane, ms) }),
    atOwner: (wake, request) => events.sendAtOwner(wake, request),
    isOurs: (wake) => events.isOurs(wake),
    placeOf: heartbeatPlaces(options.serverKey.privateKey.reveal()),
    dealsCohorts: () => dealer.deals,
    servers: () => share.servers,
    sweep: () =>
      share.owed.prune(
        ({ keys, target }) =>
          keys.some((key) => shared.isKept(key)) ||
          parts().cohorts?.book.member(deviceOf(target)) !== undefined,
      ),
    start: async () => {
      await share.start();
      dealer.follow();
    },
    stop: async () => {
      dealer.stop();
      await events.stop();
      await share.leave();
    },
  };
}

function createShare(
  { telemetry }: CompositionOptions,
  { link, onFault, parts, time }: Shared,
  { onHanded, onMembership, onTold }: Pick<WakeShareListener, 'onHanded' | 'onMembership' | 'onTold'>,
): FleetWakeShare {
  let told: number | undefined;
  // A server that takes another id is another member, and the same server.
  const tellServers = (): void => {
    const count = share.servers;
    if (count !== told) telemetry.log('fleet.servers', { count });
    told = count;
  };
  const share = new FleetWakeShare({
    engine: link.engine,
    names: link.names,
    sealer: link.values,
    schedule: time.schedule,
    monotonic: time.monotonic,
    listener: {
      onHanded,
      onOwed: (wake, windows) => void payLeft(wake, windows, parts()).catch(onFault),
      onTold,
      onPaused: (lane, ms) => parts().lanes.pause(lane, ms),
      windowsOf: (group) => windowsLeft(group, share.owed.of(group), parts()),
      running: (withinMs) => parts().waker.running(withinMs),
      onMembership: () => {
        onMembership();
        tellServers();
        parts().resumeCohorts().catch(onFault);
      },
    },
    groupOf: (device) => parts().waker.groupOf(device),
    isCurrent: link.isCurrent,
    telemetry,
    // A script fails by what a stranger has put into the engine. The server goes on as if the engine had not answered.
    onFault: (fault) => (fault instanceof ScriptError ? link.onForeign(1) : onFault(fault)),
  });
  return share;
}

function createEvents(
  { telemetry }: CompositionOptions,
  { onFault, parts, seen, time, verifier }: Shared,
  share: WakeShare,
): SharedEvents {
  return new SharedEvents({
    share,
    waker: {
      get areIndividual() {
        return parts().waker.areIndividual;
      },
      continueWindows: (device, windows) => parts().waker.continueWindows(device, windows),
      groupOf: (device) => parts().waker.groupOf(device),
      heeds: (device) => parts().waker.heeds(device),
      request: (wakes, origin) => parts().waker.request(wakes, origin),
      wakesFor: (event, origin) => parts().waker.wakesFor(event, origin),
      wakesOfKeys: (wake) => parts().waker.wakesOfKeys(wake),
    },
    registrations: {
      lotAt: (text, from) => parts().registrations.lotAt(text, from),
      targetOf: (key) => parts().registrations.targetOf(key),
    },
    seen,
    verifier,
    newId: () => randomBytes(EVENT_ID_BYTES).toString('hex'),
    whyUnwanted: (event) => parts().intake.whyUnwanted(event),
    wasAbsorbed: (id) => parts().intake.wasAbsorbed(id),
    schedule: time.schedule,
    monotonic: time.passing,
    clock: time.clock,
    mayExpire: time.mayExpire,
    telemetry,
    onFault,
  });
}
