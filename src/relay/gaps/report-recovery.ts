import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { RecoveryCause } from './recoveries.ts';
import type { RecoveryReport } from './page-plan.ts';

export interface RecoveryOutcome {
  readonly relay: string;
  readonly kind: number;
  readonly cause: RecoveryCause;
  readonly report: RecoveryReport;
  /** Events that were new and for somebody here. */
  readonly found: number;
  /** Whether any were dropped unverified, so that the gap is asked for again. */
  readonly hasUnverified: boolean;
}

/** Says how a recovery went, and above all what it did not get. */
export function reportRecovery(telemetry: Telemetry, outcome: RecoveryOutcome): void {
  const { relay, kind, cause, report, found, hasUnverified } = outcome;
  const { pages, events, crowdedSeconds, poisonedSeconds, tooLong = 0, unrecovered } = report;
  const whole = hasUnverified ? 'unverified' : 'complete';
  telemetry.count('relay_recoveries', { outcome: unrecovered === undefined ? whole : 'incomplete' });
  telemetry.count('relay_recovery_pages', {}, pages);
  telemetry.count('relay_recovery_events', {}, events);
  telemetry.log('relay.recovered', { relay, kind, pages, events, count: found });
  if (cause === 'silence' && found > 0)
    telemetry.log('relay.subscription_dropped', { relay, kind, count: found });
  if (unrecovered !== undefined) {
    const { since, until, reason } = unrecovered;
    telemetry.log('relay.recovery_incomplete', {
      relay,
      kind,
      reason,
      since,
      ...(until !== Infinity && { until }),
    });
  }
  const skipped = [
    ['crowded', crowdedSeconds],
    // An event that is too long, and that a page holds alone, is a second of its own too.
    ['poisoned', Math.max(poisonedSeconds.length, tooLong)],
  ] as const;
  for (const [reason, count] of skipped) {
    if (count === 0) continue;
    telemetry.count('relay_recovery_skipped', { reason }, count);
    telemetry.log('relay.seconds_skipped', { relay, kind, reason, count });
  }
}
