import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { RecoveryReport } from './page-plan.ts';

/**
 * Why a relay is asked for stored events.
 * - `first`: the first subscription has become live. A phone may have registered before that (contract 2).
 * - `gap`: events were missed.
 * - `silence`: nothing came for a while, so the subscription may have been dropped.
 */
export type RecoveryCause = 'first' | 'gap' | 'silence';

export interface RecoveryOutcome {
  readonly relay: string;
  readonly kind: number;
  readonly cause: RecoveryCause;
  readonly report: RecoveryReport;
  /** How many events were new here and for a registered key. */
  readonly found: number;
  /** Whether any event was dropped without a verification. Then the gap is asked for again. */
  readonly hasUnverified: boolean;
}

/** Logs and counts how a recovery went, and what it did not get. */
export function reportRecovery(telemetry: Telemetry, outcome: RecoveryOutcome): void {
  const { relay, kind, cause, report, found, hasUnverified } = outcome;
  const { pages, events, unrecovered } = report;
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
  reportSkipped(telemetry, { relay, kind, report });
}

/** Logs and counts the seconds of which the relay did not give every event. */
export function reportSkipped(
  telemetry: Telemetry,
  { relay, kind, report }: Pick<RecoveryOutcome, 'relay' | 'kind' | 'report'>,
): void {
  const { crowdedSeconds, poisonedSeconds, tooLong = 0 } = report;
  const skipped = [
    ['crowded', crowdedSeconds],
    // An event that is too long, and alone in its page, counts among the poisoned seconds already.
    ['poisoned', Math.max(poisonedSeconds.length, tooLong)],
  ] as const;
  for (const [reason, count] of skipped) {
    if (count === 0) continue;
    telemetry.count('relay_recovery_skipped', { reason }, count);
    telemetry.log('relay.seconds_skipped', { relay, kind, reason, count });
  }
}
