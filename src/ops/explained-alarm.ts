import { ALARMS, type Alarm } from '../core/watch/alarms.ts';

/** An alarm with how bad it is and what it takes to end it, as readiness and dashboard show it. */
export interface ExplainedAlarm extends Alarm {
  readonly level: 'warn' | 'error';
  readonly remedy: string;
}

export function explained(alarm: Alarm): ExplainedAlarm {
  return { ...alarm, ...ALARMS[alarm.alarm] };
}
