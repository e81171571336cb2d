import { setImmediate } from 'node:timers/promises';

import type { ComposedCohorts } from './cohorts.ts';
import type { ComposedFleet } from './fleet.ts';
import type { CompositionOptions } from './options.ts';
import { composePolicies } from './policies.ts';
import type { ProgramTime } from './time.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { OwedDevices } from '../core/waking/owed-devices.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import { SharedRegistrations } from '../core/fleet/shared-registrations.ts';
import { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import { SelfTest } from '../core/waking/self-test.ts';
import type { DevicePolicies } from '../core/waking/device-policies.ts';
import { MemberRegistrations } from '../core/waking/member-registrations.ts';
import { Waker, type WakerOptions } from '../core/waking/waker.ts';
import type { PolicyStatus } from '../ops/gauge-sources.ts';
import type { InstanceTags } from '../crypto/instance-tags.ts';

type AskedRegistrations = WakerOptions['asked'];

interface Shared {
  readonly time: ProgramTime;
  readonly registrations: Registrations;
  readonly owed: OwedDevices | undefined;
  readonly cohorts: ComposedCohorts | undefined;
  /** Absent if this server is alone. */
  readonly fleet: ComposedFleet | undefined;
  readonly lanes: PushLanes;
  readonly tags: InstanceTags;
  readonly authors: ReadonlySet<string>;
  readonly onFault: (fault: unknown) => void;
}

interface ComposedWaking {
  readonly waker: Waker;
  /** The policies of devices; absent if every device is woken by the server's, and events decide when. */
  readonly devices: DevicePolicies | undefined;
  /** What gauges and dashboard show of the policies. */
  readonly policies: () => PolicyStatus;
  /** Wakes the cohorts whose bursts an earlier run, or a server that is dead, has not ended. */
  readonly resumeCohorts: () => Promise<void>;
  readonly announcements: ChatAnnouncements;
  readonly selfTest: SelfTest;
}

/** Puts together the parts that turn events and calls of `/api/notify` into wakes (contract 5). */
export function composeWaking(options: CompositionOptions, shared: Shared): ComposedWaking {
  const { telemetry } = options;
  const { authors, cohorts, fleet, lanes, onFault, owed, registrations, tags, time } = shared;
  const { schedule } = time;
  const { devices, edges, policy, resumeCohorts } = composePolicies(options, {
    time,
    lanes,
    cohorts,
    fleet,
    wakeFor: (target) => waker.wakeFor(target),
    cover: (target) => waker.cover(target),
    isRegistered: (target) => registrations.keysOf(target, 1).length > 0,
  });
  const waker: Waker = new Waker({
    registrations,
    asked: askedOf(registrations, cohorts, fleet),
    owed,
    policy,
    lanes,
    atOwner: fleet?.atOwner,
    onRest: fleet && ((device) => fleet.share.leaveWindows(waker.groupOf(device))),
    instances: { authors, isInstance: (tag, tradePubkey, pubkey) => tags.isOf(tag, tradePubkey, pubkey) },
    onMoved: ({ tracedKeys }, from) => {
      telemetry.count('wakes_moved', { provider: from.type });
      telemetry.trace(tracedKeys, 'wake moved to another device');
    },
  });
  const announcements = new ChatAnnouncements({
    schedule,
    announce: (tradePubkey) => waker.announceChat(tradePubkey),
    onFault,
    telemetry,
  });
  const { server } = options.config.policies;
  const policies = (): PolicyStatus => ({
    server,
    chosen: devices?.chosen ?? {},
    lastLateMs: edges?.lastLateMs,
  });
  const selfTest = new SelfTest({ registrations, lanes, schedule });
  return { waker, devices, policies, resumeCohorts: async () => resumeCohorts?.(), announcements, selfTest };
}

/** What wakes ask of registrations. */
function askedOf(
  registrations: Registrations,
  cohorts: ComposedCohorts | undefined,
  fleet: ComposedFleet | undefined,
): AskedRegistrations {
  const asked =
    cohorts?.areUsed === true
      ? new MemberRegistrations({ registrations, book: cohorts.book, turn: setImmediate })
      : registrations;
  return fleet === undefined ? asked : new SharedRegistrations(asked, fleet.share);
}
