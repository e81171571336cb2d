import type { CompositionOptions } from './options.ts';
import type { Clock, Schedule } from '../core/basics/clock.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { OwedDevices } from '../core/waking/owed-devices.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import { Waker } from '../core/waking/waker.ts';
import type { InstanceTags } from '../crypto/instance-tags.ts';

interface Shared {
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  readonly registrations: Registrations;
  readonly owed: OwedDevices | undefined;
  readonly lanes: PushLanes;
  readonly tags: InstanceTags;
  readonly authors: ReadonlySet<string>;
  readonly onFault: (fault: unknown) => void;
}

interface ComposedWaking {
  readonly waker: Waker;
  readonly announcements: ChatAnnouncements;
}

/** Puts together the parts that turn events and calls of `/api/notify` into wakes, and hold wakes back (contract 5). */
export function composeWaking({ config, telemetry }: CompositionOptions, shared: Shared): ComposedWaking {
  const { authors, monotonic, lanes, onFault, owed, registrations, schedule, tags } = shared;
  const waker = new Waker({
    batchDelayMs: config.wakes.batchDelayMs,
    cooldownMs: config.wakes.cooldownMs,
    schedule,
    monotonic,
    registrations,
    owed,
    lanes,
    instances: { authors, isInstance: (tag, tradePubkey, pubkey) => tags.isOf(tag, tradePubkey, pubkey) },
    onHeld: ({ target, tracedKeys }) => {
      telemetry.count('wakes_held', { provider: target.type });
      telemetry.trace(tracedKeys, 'wake held');
    },
    onMoved: ({ tracedKeys }, from) => {
      telemetry.count('wakes_moved', { provider: from.type });
      telemetry.trace(tracedKeys, 'wake moved to another device');
    },
    onRationed: ({ tracedKeys }, track) => {
      telemetry.count('wakes_rationed', { cause: track });
      telemetry.trace(tracedKeys, 'wake rationed');
    },
    onUncounted: () => telemetry.count('wakes_uncounted'),
  });
  const announcements = new ChatAnnouncements({
    schedule,
    announce: (tradePubkey) => waker.announceChat(tradePubkey),
    onFault,
    telemetry,
  });
  return { waker, announcements };
}
