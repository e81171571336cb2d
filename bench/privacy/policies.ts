import { HOUR_MS, SECOND_MS, type Clock, type Schedule } from '../../src/core/basics/clock.ts';
import type { Wake, WakeEnd } from '../../src/core/lanes/wake.ts';
import { CohortBook } from '../../src/core/cohorts/cohort-book.ts';
import type { CohortChange } from '../../src/core/cohorts/cohort-change.ts';
import type { CohortRecord } from '../../src/core/cohorts/cohort-record.ts';
import { CohortTable } from '../../src/core/cohorts/cohort-table.ts';
import type { PushTarget } from '../../src/core/registry/push-target.ts';
import { Cohorts } from '../../src/core/waking/cohorts.ts';
import { Heartbeat } from '../../src/core/waking/heartbeat.ts';
import type { KeyWake } from '../../src/core/waking/key-wake.ts';
import { MemberRegistrations } from '../../src/core/waking/member-registrations.ts';
import type { Registrations } from '../../src/core/registry/registrations.ts';
import { Coalescer } from '../../src/core/waking/coalescer.ts';
import { SlotEdges } from '../../src/core/waking/slot-edges.ts';
import { Slots } from '../../src/core/waking/slots.ts';
import type { WakePolicy } from '../../src/core/waking/wake-policy.ts';
import { coalescedEchoes, lateEchoes, offsetOf, slottedEchoes, type EchoModel } from './echoes.ts';

/** What a policy of the program is made of. */
export interface PolicyParts {
  readonly schedule: Schedule;
  /** The time of day, which is also the monotonic clock. */
  readonly clock: Clock;
  readonly draw: (below: number) => number;
  /** From 0 to 1, without 1. */
  readonly chance: () => number;
  readonly registrations: Registrations;
  /** A wake for the keys that point at a device. */
  readonly wakeFor: (target: PushTarget) => KeyWake | undefined;
  /** A wake for a device that no event asks for. */
  readonly cover: (target: PushTarget) => KeyWake;
  readonly hand: (wake: Wake) => Promise<WakeEnd>;
  /** How many more wakes the lane should get now. */
  readonly room: () => number;
}

/** A policy of the program, and what goes with it. */
export interface CreatedPolicy {
  readonly policy: WakePolicy;
  /** Told of each registration. */
  readonly enter?: (target: PushTarget) => void;
  /** What wakes ask of registrations, if that is not what the registrations say. */
  readonly asked?: MemberRegistrations;
}

/** A policy that is attacked: one row of the table. */
export interface AttackedPolicy {
  readonly name: string;
  /** Makes the program's own policy. */
  readonly create: (parts: PolicyParts) => CreatedPolicy;
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
    create: ({ clock, hand, schedule }) => ({
      policy: new Coalescer({
        batchDelayMs: batch * SECOND_MS,
        cooldownMs: cooldown * SECOND_MS,
        schedule,
        monotonic: clock,
        hand,
      }),
    }),
    model: () => coalescedEchoes([batch, cooldown]),
    longest: cooldown,
  };
}

/** @param size of a cohort */
export function cohorts(size: number, seconds: number): AttackedPolicy {
  return {
    name: `cohorts of ${size}, slots ${seconds} s`,
    create: (parts) => createCohorts(size, seconds, parts),
    model: (when) => slottedEchoes(seconds, offsetOf(when, seconds)),
    longest: 2 * seconds,
    bound: 1 / size,
  };
}

function createCohorts(
  size: number,
  seconds: number,
  { chance, clock, cover, draw, hand, registrations, room, schedule }: PolicyParts,
): CreatedPolicy {
  const record = new CohortsInMemory();
  const turn = (): Promise<void> => new Promise((resolve) => schedule(0, resolve));
  const book = new CohortBook({
    record,
    size,
    capacity: Infinity,
    sweepMs: HOUR_MS,
    clock,
    chance,
    isRegistered: () => true,
    turn,
  });
  const slotEdges = edges(seconds, { clock, schedule });
  return {
    policy: new Cohorts({ book, record, cover, edges: slotEdges, schedule, draw, hand, room }),
    enter: (target) => book.enter(target, 'fcm android'),
    asked: new MemberRegistrations({ registrations, book, turn }),
  };
}

class CohortsInMemory implements CohortRecord {
  readonly table = new CohortTable();

  note(change: CohortChange): void {
    this.table.apply(change);
  }

  async written(): Promise<void> {}
}

export function slots(seconds: number): AttackedPolicy {
  return {
    name: `slots ${seconds} s`,
    create: ({ clock, draw, hand, room, schedule }) => ({
      policy: new Slots({ edges: edges(seconds, { clock, schedule }), schedule, draw, hand, room }),
    }),
    model: (when) => slottedEchoes(seconds, offsetOf(when, seconds)),
    longest: 2 * seconds,
  };
}

export function heartbeat(minutes: number): AttackedPolicy {
  const seconds = minutes * MINUTE;
  return {
    name: `heartbeat ${minutes} min`,
    create: ({ clock, draw, hand, schedule, wakeFor }) => {
      const policy = new Heartbeat({
        intervalMs: seconds * SECOND_MS,
        schedule,
        monotonic: clock,
        draw,
        hand,
        wakeFor,
      });
      return { policy, enter: (target) => policy.enter(target) };
    },
    // Each device is woken once in an interval: whoever waits that long sees the same of all. So the attackers hope for a wake soon.
    model: () => lateEchoes(MINUTE),
    longest: seconds,
    bound: 0,
  };
}

/** In seconds. */
const MINUTE = 60;

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
