import type { Alarm, AlarmName } from './alarms.ts';
import type { DeliveryHealth } from '../lanes/delivery-health.ts';
import type { PushService } from '../registry/push-target.ts';

/** The alarms during which a push service takes no wake. UnifiedPush is many hosts: no alarm is about all of them. */
const BLOCKERS: Readonly<Record<PushService, readonly AlarmName[]>> = {
  fcm: ['bad key file', 'wrong project', 'OAuth down', 'FCM down'],
  unifiedpush: [],
};
const ALL_BLOCKERS: ReadonlySet<AlarmName> = new Set(Object.values(BLOCKERS).flat());

export interface BlockerSigns {
  readonly alarms: readonly Alarm[];
  readonly oauthProblem: string | undefined;
  /** Absent if UnifiedPush is off. */
  readonly unifiedPush: DeliveryHealth | undefined;
}

/**
 * The alarms because of which no enabled push service delivers (contract 8); none while one of them works. UnifiedPush works once it has
 * delivered a wake, and as long as most of its attempts succeed.
 */
export function deliveryBlockers({ alarms, oauthProblem, unifiedPush }: BlockerSigns): AlarmName[] {
  const names = alarms.map(({ alarm }) => alarm);
  const blockers = names.filter((name) => ALL_BLOCKERS.has(name));
  // With a wrong clock Google refuses the key, and `findAlarms` names the clock instead of the key.
  if (blockers.length === 0 && oauthProblem !== undefined && names.includes('clock off'))
    blockers.push('clock off');
  const works = unifiedPush !== undefined && unifiedPush.lastDeliveryAt > 0 && !unifiedPush.isPoor;
  return works ? [] : blockers;
}
