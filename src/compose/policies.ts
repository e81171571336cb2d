import { randomInt } from 'node:crypto';

import type { CompositionOptions } from './options.ts';
import type { ProgramTime } from './time.ts';
import { SECOND_MS, type Clock, type Schedule } from '../core/basics/clock.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { Wake, WakeEnd } from '../core/lanes/wake.ts';
import type { PushService, PushTarget } from '../core/registry/push-target.ts';
import type { WakePolicyName } from '../core/registry/registration.ts';
import { Coalescer } from '../core/waking/coalescer.ts';
import { DevicePolicies } from '../core/waking/device-policies.ts';
import { Heartbeat } from '../core/waking/heartbeat.ts';
import type { KeyWake } from '../core/waking/key-wake.ts';
import { SlotEdges } from '../core/waking/slot-edges.ts';
import { Slots } from '../core/waking/slots.ts';
import type { WakePolicy } from '../core/waking/wake-policy.ts';
import { slotOffset } from '../crypto/slot-offset.ts';

interface Shared {
  readonly time: ProgramTime;
  /** Monotonic, in milliseconds; a sleep of the machine makes no difference. */
  readonly passing: Clock;
  readonly schedule: Schedule;
  readonly lanes: Pick<PushLanes, 'request' | 'queued'>;
  /** A wake for the keys that point at the device. */
  readonly wakeFor: (target: PushTarget) => KeyWake | undefined;
  readonly isRegistered: (target: PushTarget) => boolean;
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
}

type Part = CompositionOptions & Shared & { readonly policyOf: (device: string) => WakePolicyName };

const draw = (below: number): number => randomInt(below);

/** The policy of this server, and those that it offers: when wakes leave for their lanes (contract 9). */
export function composePolicies(options: CompositionOptions, shared: Shared): ComposedPolicies {
  const { offered, server } = options.config.policies;
  let devices: DevicePolicies | undefined;
  const part: Part = { ...options, ...shared, policyOf: (device) => devices?.nameOf(device) ?? server };
  if (offered.length === 0 && server === 'prompt')
    return { policy: composePrompt(part), devices, edges: undefined };
  const edges = composeEdges(part);
  if (offered.length === 0 && server === 'slots')
    return { policy: composeSlots(part, edges), devices, edges };
  const redirect = (wake: KeyWake): Promise<WakeEnd> => policy.request(wake);
  const isUsed = (name: WakePolicyName): boolean => name === server || offered.includes(name);
  const prompt = isUsed('prompt') ? composePrompt(part, redirect) : undefined;
  const slots = isUsed('slots') || isUsed('cohorts') ? composeSlots(part, edges, redirect) : undefined;
  const heartbeat = isUsed('heartbeat') ? composeHeartbeat(part, redirect) : undefined;
  const policies = {
    ...(prompt !== undefined && { prompt }),
    ...(slots !== undefined && isUsed('slots') && { slots }),
    ...(slots !== undefined && isUsed('cohorts') && { cohorts: slots }),
    ...(heartbeat !== undefined && { heartbeat }),
  };
  const { isRegistered } = shared;
  const policy = new DevicePolicies({ server, policies, heartbeat, edges, isRegistered });
  devices = policy;
  return { policy, devices, edges };
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
    schedule: part.schedule,
    monotonic: part.passing,
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

function composeEdges({ config, passing, schedule, serverKey, time }: Part): SlotEdges {
  const { slotMs } = config.policies;
  return new SlotEdges({
    slotMs,
    offsetMs: slotOffset(serverKey.privateKey.reveal(), slotMs),
    clock: time.clock,
    monotonic: passing,
    schedule,
  });
}

function composeSlots(part: Part, edges: SlotEdges, redirect?: Redirect): Slots {
  const { lanes, schedule, telemetry } = part;
  return new Slots({
    edges,
    schedule,
    draw,
    hand: handOf(part),
    room: (service) => LEAVING_AT_ONCE[service] - lanes.queued(service),
    redirect,
    onHeld: ({ tracedKeys }) => telemetry.trace(tracedKeys, 'wake held'),
    onBurst: (lateMs) => {
      telemetry.count('slot_bursts');
      telemetry.observe('slot_late_seconds', lateMs / SECOND_MS);
    },
  });
}

function composeHeartbeat(part: Part, redirect: Redirect): Heartbeat {
  const { config, passing, schedule, wakeFor } = part;
  return new Heartbeat({
    intervalMs: config.policies.heartbeatMs,
    schedule,
    monotonic: passing,
    draw,
    hand: handOf(part),
    wakeFor,
    redirect,
  });
}
