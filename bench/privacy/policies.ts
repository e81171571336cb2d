import type { Clock, Schedule } from '../../src/core/basics/clock.ts';
import type { Wake, WakeEnd } from '../../src/core/lanes/wake.ts';
import { Coalescer } from '../../src/core/waking/coalescer.ts';
import { SlotEdges } from '../../src/core/waking/slot-edges.ts';
import { Slots } from '../../src/core/waking/slots.ts';
import type { WakePolicy } from '../../src/core/waking/wake-policy.ts';
import { coalescedEchoes, offsetOf, slottedEchoes, type EchoModel } from './echoes.ts';

const SECOND_MS = 1000;

/** What a policy of the program is made of. */
export interface PolicyParts {
  readonly schedule: Schedule;
  /** The time of day, which is also the monotonic clock. */
  readonly clock: Clock;
  readonly draw: (below: number) => number;
  readonly hand: (wake: Wake) => Promise<WakeEnd>;
  /** How many more wakes the lane should get now. */
  readonly room: () => number;
}

/** A policy that is attacked: one row of the table. */
export interface AttackedPolicy {
  readonly name: string;
  /** Makes the program's own policy. */
  readonly create: (parts: PolicyParts) => WakePolicy;
  /** What an attacker who knows the policy and sees these pushes expects after an event. */
  readonly model: (when: readonly number[]) => EchoModel;
  /** The longest time from an event to the wake after it, in seconds. */
  readonly longest: number;
  /** The most that an attacker may name right, as a share of all keys; absent if the policy has no bound. */
  readonly bound?: number;
}

/** @param batch `BATCH_DELAY_MS` in seconds @param cooldown `COOLDOWN_MS` in seconds */
export function prompt(name: string, batch: number, cooldown: number): AttackedPolicy {
  return {
    name,
    create: ({ clock, hand, schedule }) =>
      new Coalescer({
        batchDelayMs: batch * SECOND_MS,
        cooldownMs: cooldown * SECOND_MS,
        schedule,
        monotonic: clock,
        hand,
      }),
    model: () => coalescedEchoes([batch, cooldown]),
    longest: cooldown,
  };
}

export function slots(seconds: number): AttackedPolicy {
  return {
    name: `slots ${seconds} s`,
    create: ({ clock, draw, hand, room, schedule }) =>
      new Slots({ edges: edges(seconds, { clock, schedule }), schedule, draw, hand, room }),
    model: (when) => slottedEchoes(seconds, offsetOf(when, seconds)),
    longest: 2 * seconds,
  };
}

/** Where the edges lie is a constant of a server. This is one like any other. */
const OFFSET_MS = 417;

function edges(seconds: number, { clock, schedule }: Pick<PolicyParts, 'clock' | 'schedule'>): SlotEdges {
  return new SlotEdges({
    slotMs: seconds * SECOND_MS,
    offsetMs: OFFSET_MS,
    clock,
    monotonic: clock,
    schedule,
  });
}
