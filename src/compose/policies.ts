import { randomInt } from 'node:crypto';

import type { CompositionOptions } from './options.ts';
import type { ProgramTime } from './time.ts';
import { SECOND_MS, type Clock, type Schedule } from '../core/basics/clock.ts';
import { unreachable } from '../core/basics/unreachable.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { Wake, WakeEnd } from '../core/lanes/wake.ts';
import { Coalescer } from '../core/waking/coalescer.ts';
import { SlotEdges } from '../core/waking/slot-edges.ts';
import { Slots } from '../core/waking/slots.ts';
import type { PushService } from '../core/registry/push-target.ts';
import type { WakePolicyName } from '../core/registry/registration.ts';
import type { WakePolicy } from '../core/waking/wake-policy.ts';
import { slotOffset } from '../crypto/slot-offset.ts';

interface Shared {
  readonly time: ProgramTime;
  /** Monotonic, in milliseconds; a sleep of the machine makes no difference. */
  readonly passing: Clock;
  readonly schedule: Schedule;
  readonly lanes: Pick<PushLanes, 'request' | 'queued'>;
}

/**
 * Wakes of a burst that wait for their turn in the lanes of a push service: as many as keep its lanes busy, so that other wakes need not
 * wait behind a whole burst. Lanes of UnifiedPush have to see all of a burst, because they choose whose turn comes first: a device that
 * hangs keeps no other waiting there.
 */
export const LEAVING_AT_ONCE: Readonly<Record<PushService, number>> = { fcm: 200, unifiedpush: Infinity };

/** The policy of this server: when wakes leave for their lanes (contract 9). */
export function composePolicy(options: CompositionOptions, shared: Shared): WakePolicy {
  const { server } = options.config.policies;
  switch (server) {
    case 'prompt':
      return composePrompt(options, shared);
    case 'slots':
      return composeSlots(options, shared);
    default:
      return unreachable(server);
  }
}

/** Takes a wake to its lane. */
function handOf(
  policy: WakePolicyName,
  { telemetry }: CompositionOptions,
  { lanes }: Shared,
): (wake: Wake) => Promise<WakeEnd> {
  return (wake) => {
    telemetry.count('wakes_released', { policy });
    return lanes.request(wake);
  };
}

function composePrompt(options: CompositionOptions, shared: Shared): Coalescer {
  const { config, telemetry } = options;
  return new Coalescer({
    batchDelayMs: config.wakes.batchDelayMs,
    cooldownMs: config.wakes.cooldownMs,
    schedule: shared.schedule,
    monotonic: shared.passing,
    hand: handOf('prompt', options, shared),
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

function composeSlots(options: CompositionOptions, shared: Shared): Slots {
  const { config, serverKey, telemetry } = options;
  const { lanes, passing, schedule, time } = shared;
  const { slotMs } = config.policies;
  const edges = new SlotEdges({
    slotMs,
    offsetMs: slotOffset(serverKey.privateKey.reveal(), slotMs),
    clock: time.clock,
    monotonic: passing,
    schedule,
  });
  return new Slots({
    edges,
    schedule,
    draw: (below) => randomInt(below),
    hand: handOf('slots', options, shared),
    room: (service) => LEAVING_AT_ONCE[service] - lanes.queued(service),
    onHeld: ({ tracedKeys }) => telemetry.trace(tracedKeys, 'wake held'),
    onBurst: (lateMs) => {
      telemetry.count('slot_bursts');
      telemetry.observe('slot_late_seconds', lateMs / SECOND_MS);
    },
  });
}
