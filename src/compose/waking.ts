import type { CompositionOptions } from './options.ts';
import type { Schedule } from '../core/basics/clock.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { OwedDevices } from '../core/waking/owed-devices.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import { SelfTest } from '../core/waking/self-test.ts';
import type { WakePolicy } from '../core/waking/wake-policy.ts';
import { Waker } from '../core/waking/waker.ts';
import type { InstanceTags } from '../crypto/instance-tags.ts';

interface Shared {
  readonly schedule: Schedule;
  readonly registrations: Registrations;
  readonly owed: OwedDevices | undefined;
  readonly policy: WakePolicy;
  readonly lanes: PushLanes;
  readonly tags: InstanceTags;
  readonly authors: ReadonlySet<string>;
  readonly onFault: (fault: unknown) => void;
}

interface ComposedWaking {
  readonly waker: Waker;
  readonly announcements: ChatAnnouncements;
  readonly selfTest: SelfTest;
}

/** Puts together the parts that turn events and calls of `/api/notify` into wakes (contract 5). */
export function composeWaking({ telemetry }: CompositionOptions, shared: Shared): ComposedWaking {
  const { authors, lanes, onFault, owed, policy, registrations, schedule, tags } = shared;
  const waker = new Waker({
    registrations,
    owed,
    policy,
    lanes,
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
  return { waker, announcements, selfTest: new SelfTest({ registrations, lanes, schedule }) };
}
