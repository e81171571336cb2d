import { ALARMS, type AlarmName } from '../../core/watch/alarms.ts';

/** `skipped`: the check was not made; the finding says why. */
export type Verdict = 'ok' | 'warning' | 'failure' | 'skipped';

/** The state of one thing that `doctor` checked, and a remedy. It contains no secret. */
export interface Finding {
  readonly verdict: Verdict;
  /** The thing that was checked, or the name of an alarm, as readiness, the metric, the log and the dashboard have it. */
  readonly title: string;
  readonly says: string;
  readonly remedy?: string;
  /** The code with which the next start would end. Absent if this finding does not end it, or if that was not tried. */
  readonly exitCode?: 1 | 78;
}

export function ok(title: string, says: string): Finding {
  return { verdict: 'ok', title, says };
}

export function skipped(title: string, says: string): Finding {
  return { verdict: 'skipped', title, says };
}

export function warning(title: string, says: string, remedy?: string): Finding {
  return { verdict: 'warning', title, says, ...(remedy !== undefined && { remedy }) };
}

export function failure(title: string, says: string, remedy?: string): Finding {
  return { verdict: 'failure', title, says, ...(remedy !== undefined && { remedy }) };
}

/** A finding for which a running server raises an alarm. */
export function alarmed(alarm: AlarmName, says: string): Finding {
  const { level, remedy } = ALARMS[alarm];
  return { verdict: level === 'error' ? 'failure' : 'warning', title: alarm, says, remedy };
}
