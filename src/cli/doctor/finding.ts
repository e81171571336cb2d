import { ALARMS, type AlarmName } from '../../core/watch/alarms.ts';

/** `skipped`: not looked at, and why. */
export type Verdict = 'ok' | 'warning' | 'failure' | 'skipped';

/** What `doctor` has to say of one thing, in a sentence, and what to do about it. No secret is in it. */
export interface Finding {
  readonly verdict: Verdict;
  /** What was looked at, or the name of an alarm: the words of readiness, metric, log and dashboard. */
  readonly title: string;
  readonly says: string;
  readonly remedy?: string;
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

/** A finding that a running server would raise an alarm for. */
export function alarmed(alarm: AlarmName, says: string, verdict?: Verdict): Finding {
  const { level, remedy } = ALARMS[alarm];
  return { verdict: verdict ?? (level === 'error' ? 'failure' : 'warning'), title: alarm, says, remedy };
}
