import type { Alarm, AlarmName } from './alarms.ts';
import type { DeliveryHealth } from '../lanes/delivery-health.ts';

/** What keeps FCM from taking any wake. */
const FCM_BLOCKERS: ReadonlySet<AlarmName> = new Set<AlarmName>([
  'bad key file',
  'wrong project',
  'OAuth down',
  'FCM down',
]);

export interface BlockerSigns {
  readonly alarms: readonly Alarm[];
  readonly oauthProblem: string | undefined;
  /** Absent where UnifiedPush is off. */
  readonly unifiedPush: DeliveryHealth | undefined;
}

/**
 * The alarms by which no enabled provider delivers (contract 8). UnifiedPush is as many services as there are hosts, so it has no
 * failure of its own; it stands for a provider that does not fail once it has delivered, and as long as it mostly does.
 */
export function deliveryBlockers({ alarms, oauthProblem, unifiedPush }: BlockerSigns): AlarmName[] {
  const names = alarms.map(({ alarm }) => alarm);
  const blockers = names.filter((name) => FCM_BLOCKERS.has(name));
  // Then it is the clock for which Google refuses the key.
  if (blockers.length === 0 && oauthProblem !== undefined && names.includes('clock off'))
    blockers.push('clock off');
  const works = unifiedPush !== undefined && unifiedPush.lastDeliveryAt > 0 && !unifiedPush.isPoor;
  return works ? [] : blockers;
}
