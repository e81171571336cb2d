import { randomInt } from 'node:crypto';

import type { ComposedCohorts } from './cohorts.ts';
import type { ComposedFleet } from './fleet.ts';
import type { CompositionOptions } from './options.ts';
import type { ProgramTime } from './time.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { Wake, WakeEnd } from '../core/lanes/wake.ts';
import type { PushService, PushTarget } from '../core/registry/push-target.ts';
import type { WakePolicyName } from '../core/registry/registration.ts';
import { Cohorts } from '../core/waking/cohorts.ts';
import { Coalescer } from '../core/waking/coalescer.ts';
import { DevicePolicies } from '../core/waking/device-policies.ts';
import { Heartbeat } from '../core/waking/heartbeat.ts';
import type { KeyWake } from '../core/waking/key-wake.ts';
import { SlotEdges } from '../core/waking/slot-edges.ts';
import { Slots, type SlotsOptions } from '../core/waking/slots.ts';
import type { WakePolicy } from '../core/waking/wake-policy.ts';
import { slotOffset } from '../crypto/slot-offset.ts';

interface Shared {
  readonly time: ProgramTime;
  readonly lanes: Pick<PushLanes, 'request' | 'queued'>;
  /** A wake for the keys that point at the device. */
  readonly wakeFor: (target: PushTarget) => KeyWake | undefined;
  /** A wake for a device that no event asks for. */
  readonly cover: (target: PushTarget) => KeyWake;
  readonly isRegistered: (target: PushTarget) => boolean;
  /** Absent with `STORE=memory`: then the configuration has no cohorts. */
  readonly cohorts: ComposedCohorts | undefined;
  /** Absent if this server is alone. */
  readonly fleet: ComposedFleet | undefined;
}

/**
 * Wakes of a burst that wait for their turn in the lanes of a push service: as many as keep its lanes busy, so that other wakes need not
 * wait behind a whole burst. Lanes of UnifiedPush have to see all of a burst, because they choose whose turn comes first: a device that
 * hangs keeps no other waiting there.
 */
export const LEAVING_AT_ONCE: Readonly<Record<PushService, number>> = { fcm: 200, unifiedpush: Infinity };

export interface ComposedPolicies {
  /** What all wakes pass through. */
  readonly policy: WakePolicy;
  /** The policies of devices; absent if every device is woken by the server's, and events decide when. */
  readonly devices: DevicePolicies | undefined;
  readonly edges: SlotEdges | undefined;
  /** Wakes the cohorts whose bursts an earlier run, or a server that is dead, has not ended. */
  readonly resumeCohorts?: () => Promise<void> | undefined;
}

type Part = CompositionOptions & Shared & { readonly policyOf: (device: string) => WakePolicyName };

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const draw = (below: number): number => randomInt(below);

/** The policy of this server, and those that it offers: when wakes leave for their lanes (contract 9). */
export function composePolicies(options: CompositionOptions, shared: Shared): ComposedPolicies {
  const { offered, server } = options.config.policies;
  let devices: DevicePolicies | undefined;
  const part: Part = { ...options, ...shared, policyOf: (device) => devices?.nameOf(device) ?? server };
  // A wake that goes to another device may go to another server of the fleet.
  const atOwner = shared.fleet?.atOwner;
  if (offered.length === 0 && server === 'prompt') {
    const own: Coalescer = composePrompt(
      part,
      atOwner && ((wake) => atOwner(wake, (asked) => own.request(asked))),
    );
    return { policy: own, devices, edges: undefined };
  }
  const edges = composeEdges(part);
  if (offered.length === 0 && server === 'slots') {
    const own: Slots = composeSlots(
      part,
      edges,
      atOwner && ((wake) => atOwner(wake, (asked) => own.request(asked))),
    );
    return { policy: own, devices, edges };
  }
  const request = (wake: KeyWake): Promise<WakeEnd> => policy.request(wake);
  const redirect = atOwner === undefined ? request : (wake: KeyWake) => atOwner(wake, request);
  const isUsed = (name: WakePolicyName): boolean => name === server || offered.includes(name);
  const prompt = isUsed('prompt') ? composePrompt(part, redirect) : undefined;
  const slots = isUsed('slots') ? composeSlots(part, edges, redirect) : undefined;
  const cohorts = isUsed('cohorts') ? composeCohortWakes(part, edges, redirect) : undefined;
  const heartbeat = isUsed('heartbeat') ? composeHeartbeat(part, redirect) : undefined;
  const policies = {
    ...(prompt !== undefined && { prompt }),
    ...(slots !== undefined && { slots }),
    ...(cohorts !== undefined && { cohorts }),
    ...(heartbeat !== undefined && { heartbeat }),
  };
  const { isRegistered } = shared;
  const policy = new DevicePolicies({ server, policies, heartbeat, edges, isRegistered, turn });
  devices = policy;
  const isOurs = shared.fleet?.isOurs ?? (async () => true);
  return { policy, devices, edges, resumeCohorts: () => cohorts?.resume(isOurs) };
}

/** Takes a wake to its lane. */
function handOf({ lanes, policyOf, telemetry }: Part): (wake: Wake) => Promise<WakeEnd> {
  return (wake) => {
    telemetry.count('wakes_released', { policy: policyOf(wake.device) });
    return lanes.request(wake);
  };
}

type Redirect = (wake: KeyWake) => Promise<WakeEnd>;

function composePrompt(part: Part, redirect?: Redirect): Coalescer {
  const { config, telemetry } = part;
  return new Coalescer({
    batchDelayMs: config.wakes.batchDelayMs,
    cooldownMs: config.wakes.cooldownMs,
    schedule: part.time.schedule,
    monotonic: part.time.passing,
    hand: handOf(part),
    redirect,
    onHeld: ({ target, tracedKeys }) => {
      telemetry.count('wakes_held', { provider: target.type });
      telemetry.trace(tracedKeys, 'wake held');
    },
    onRationed: ({ tracedKeys }, track) => {
      telemetry.count('wakes_rationed', { cause: track });
      telemetry.trace(tracedKeys, 'wake rationed');
    },
    onUncounted: () => telemetry.count('wakes_uncounted'),
  });
}

function composeEdges({ config, serverKey, time }: Part): SlotEdges {
  const { slotMs } = config.policies;
  return new SlotEdges({
    slotMs,
    offsetMs: slotOffset(serverKey.privateKey.reveal(), slotMs),
    clock: time.clock,
    monotonic: time.passing,
    schedule: time.schedule,
  });
}

function composeSlots(part: Part, edges: SlotEdges, redirect?: Redirect): Slots {
  const { hand, onBurst, onHeld, room } = slotOptions(part);
  const { schedule } = part.time;
  return new Slots({ edges, schedule, draw, hand, room, redirect, onHeld, onBurst });
}

/** What the policies that wake at edges share. */
function slotOptions(part: Part): Pick<SlotsOptions, 'hand' | 'onBurst' | 'onHeld' | 'room'> {
  const { lanes, telemetry } = part;
  return {
    hand: handOf(part),
    room: (service) => LEAVING_AT_ONCE[service] - lanes.queued(service),
    onHeld: ({ tracedKeys }) => telemetry.trace(tracedKeys, 'wake held'),
    onBurst: (lateMs) => {
      telemetry.count('slot_bursts');
      telemetry.observe('slot_late_seconds', lateMs / SECOND_MS);
    },
  };
}

function composeCohortWakes(part: Part, edges: SlotEdges, redirect: Redirect): Cohorts | undefined {
  const { cohorts, cover, time } = part;
  const { schedule } = time;
  if (cohorts === undefined) return undefined;
  const { hand, onBurst, onHeld, room } = slotOptions(part);
  const { book, record } = cohorts;
  return new Cohorts({ edges, schedule, draw, hand, room, redirect, onHeld, onBurst, book, record, cover });
}

function composeHeartbeat(part: Part, redirect: Redirect): Heartbeat {
  const { config, fleet, time, wakeFor } = part;
  const hand = handOf(part);
  return new Heartbeat({
    intervalMs: config.policies.heartbeatMs,
    schedule: time.schedule,
    monotonic: time.passing,
    draw,
    // Every server of a fleet has all devices on its wheel, and wakes its own.
    hand: async (wake) => (fleet?.share.owns(wake.device) === false ? 'sent' : hand(wake)),
    wakeFor,
    redirect,
    common: fleet && { placeOf: fleet.placeOf, clock: time.clock },
  });
}
