import type { PushTarget } from '../registry/push-target.ts';
import type { TracedKeys } from '../telemetry/traces.ts';
import type { Delivery, WakeKind } from './delivery.ts';

/**
 * Which wakes go first where wakes must wait. `live`: the wake answers an event of now. `recovered`: the wake answers an event that a
 * recovery found (contract 2), or a chat message, which anyone can announce (contract 5: a chat wake never delays a relay wake).
 */
export type WakePriority = 'live' | 'recovered';

/**
 * The wish to wake one device. A lane knows devices only. The reason for a wake, such as its trade keys, is known to the wake alone: the
 * lane asks the wake whether it may still go, and tells it the outcome.
 */
export interface Wake {
  readonly target: PushTarget;
  /** `deviceOf(target)`, made once, because it is used at every step. */
  readonly device: string;
  readonly kind: WakeKind;
  readonly priority: WakePriority;
  /** When the first event arrived that the wake answers, in milliseconds; `Infinity` if the wake answers no event. */
  readonly since: number;
  /** The wake was held back before it came to its lane. It may be wanted no longer. */
  readonly wasHeld: boolean;
  /** The trade keys under which the steps of the wake are traced, if it has any. */
  readonly tracedKeys: TracedKeys;
  /** Both wakes are for one device, and one push answers them. @returns the wake in place of both */
  with(other: Wake): Wake;
  /** Asked before a push if the wake has waited, and when the registrations behind the wake have changed. */
  stillWanted(): Promise<Wanted>;
  /** Told how each attempt ended; absent for a wake to which only the calls below matter. */
  onAttempt?(delivery: Delivery): void;
  /** The push service took the wake. */
  onDelivered(): Promise<void>;
  /** The push service says that the device is no more, and is believed (contract 5). */
  onGone(): Promise<void>;
  /** The lane gave the wake up for now and will try again. @returns whether the wake is on record, so that a restart tries again too */
  onOwed(): boolean;
  /** The device is owed no wake any more, so the record of it can be removed. */
  onPaid(): void;
}

/** Where a wake is wanted by now. */
export interface Wanted {
  /** The device of the wake as it is registered by now, for example with newer Web Push keys; absent if the wake is not wanted there. */
  readonly here?: PushTarget | undefined;
  /**
   * Sends wakes to the other devices at which this wake is wanted by now; absent if there are none.
   *
   * @param priority of the wakes at the other devices
   */
  readonly move?: (priority: WakePriority) => Moved;
}

/** What became of a wake that went to other devices, in part or as a whole. */
export interface Moved {
  /** Nothing was added to the wake since it was asked where it is wanted. */
  readonly isWhole: boolean;
  /** How the wakes at the other devices end. */
  readonly end: Promise<WakeEnd>;
}

/**
 * How a wake ended. `sent`: the push service took it, or called the device gone. `owed`: the wake was given up for now, and will be tried
 * again. `dropped`: the wake is lost.
 */
export type WakeEnd = 'sent' | 'owed' | 'dropped';

const BEST_FIRST: readonly WakeEnd[] = ['sent', 'owed', 'dropped'];

/** How several wakes ended that answer one event together: the worst of their ends. */
export function worstEnd(ends: readonly WakeEnd[]): WakeEnd {
  const worst = Math.max(0, ...ends.map((end) => BEST_FIRST.indexOf(end)));
  return BEST_FIRST[worst] ?? 'dropped';
}
