import { randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import { laneOf } from './lanes.ts';
import type { CompositionOptions } from './options.ts';
import type { Clock } from '../core/basics/clock.ts';
import { unreachable } from '../core/basics/unreachable.ts';
import { CohortBook, type CohortSize } from '../core/cohorts/cohort-book.ts';
import type { CohortRecord } from '../core/cohorts/cohort-record.ts';
import { deviceOf, type Platform, type PushTarget } from '../core/registry/push-target.ts';
import type { Registration, WakePolicyName } from '../core/registry/registration.ts';
import type { RegistrationStore } from '../core/registry/registration-store.ts';

/** A chance is one of so many numbers: the most that `randomInt` takes. */
const CHANCES = 2 ** 47;

interface Shared {
  readonly record: CohortRecord;
  readonly store: Pick<RegistrationStore, 'device' | 'entries'>;
  /** The time of day. */
  readonly clock: Clock;
  /** The policy by which a device is woken. */
  readonly policyOf: (device: string) => WakePolicyName;
  /** Whether this server changes the cohorts. In a fleet, one does. */
  readonly deals: () => boolean;
}

/** The cohorts, and what registrations do to them. */
export interface ComposedCohorts {
  readonly book: CohortBook;
  readonly record: CohortRecord;
  /** Whether any device can have the policy `cohorts`. If none can, no device is woken with a cohort, and all members leave in time. */
  readonly areUsed: boolean;
  /** A registration was kept. @param former the device that its key pointed at before, if it was another one */
  readonly enter: (registration: Registration, former: PushTarget | undefined) => void;
  /** A registration of the device was removed. */
  readonly leave: (device: PushTarget) => void;
  /** The store is open: deals the devices of which no record says where they belong, in a random order. */
  readonly dealRest: () => void;
  /** This server deals from now on: does what the former dealer has left. */
  readonly takeOver: () => Promise<void>;
  /** Expired registrations were removed. */
  readonly sweep: () => Promise<void>;
  /** How large the device's cohort is. */
  readonly sizeFor: (target: PushTarget, platform: Platform) => CohortSize;
}

export function composeCohorts(
  { config }: CompositionOptions,
  { clock, deals, policyOf, record, store }: Shared,
): ComposedCohorts {
  const { cohortSize, offered, server } = config.policies;
  const areUsed = server === 'cohorts' || offered.includes('cohorts');
  const isMeant = (target: PushTarget): boolean => areUsed && policyOf(deviceOf(target)) === 'cohorts';
  const book = new CohortBook({
    record,
    size: cohortSize,
    capacity: config.registrations.capacity,
    sweepMs: config.registrations.sweepIntervalMs,
    clock,
    chance,
    isRegistered: (target) => isMeant(target) && store.device(target).isRegistered,
    turn: setImmediate,
  });
  const dealRest = (): void => {
    if (!deals()) return;
    const rest = new Map<string, Registration>();
    for (const registration of areUsed ? store.entries() : []) {
      const device = deviceOf(registration.target);
      if (book.member(device) === undefined && isMeant(registration.target)) rest.set(device, registration);
    }
    for (const { platform, target } of shuffled([...rest.values()]))
      book.enter(target, viewOf(target, platform));
  };
  return {
    book,
    record,
    areUsed,
    enter: ({ platform, target, wakePolicy = server }, former) => {
      if (!deals()) return;
      // By what the client asks for: a change to a weaker policy than the device's is not effective yet.
      const asked = wakePolicy === server || offered.includes(wakePolicy) ? wakePolicy : server;
      if (asked === 'cohorts') book.enter(target, viewOf(target, platform), former);
    },
    leave: (device) => {
      if (deals() && !store.device(device).isRegistered) book.leave(device);
    },
    dealRest,
    takeOver: () => {
      dealRest();
      return book.sweep();
    },
    sweep: async () => (deals() ? book.sweep() : undefined),
    sizeFor: (target, platform) => book.sizeFor(target, viewOf(target, platform)),
  };
}

function chance(): number {
  return randomInt(CHANCES) / CHANCES;
}

/** Who sees the wakes of a device, and can tell it from the devices of other views (contract 9). */
function viewOf(target: PushTarget, platform: Platform): string {
  switch (target.type) {
    case 'fcm':
      return `${target.type} ${platform}`;
    case 'unifiedpush':
      return laneOf(target);
    default:
      return unreachable(target);
  }
}

/** Fisher and Yates: every order is equally likely. */
function shuffled<Item>(items: Item[]): Item[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] as Item, items[last] as Item];
  }
  return items;
}
