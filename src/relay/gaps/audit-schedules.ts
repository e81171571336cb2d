import type { Clock } from '../../core/basics/clock.ts';
import { SIGNED_MESSAGE_KIND } from '../../core/nostr/nostr-event.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';
import type { KindWatch } from '../live/kind-watch.ts';
import type { AuditPlaces } from './audit-places.ts';
import { AuditSchedule } from './audit-schedule.ts';

/** When one relay is audited. */
export interface AuditTurns {
  /** When each kind is due. */
  readonly schedules: ReadonlyMap<KindWatch, AuditSchedule>;
  /** Where audits that are due wait for their turn, with those of all relays. */
  readonly places: AuditPlaces;
}

interface Timed {
  readonly timing: RelayTiming;
  readonly clock: Clock;
  readonly monotonic: Clock;
}

/** A schedule for each kind of a relay. */
export function auditSchedules(
  watches: readonly KindWatch[],
  { clock, monotonic, timing }: Timed,
): AuditTurns['schedules'] {
  const { afterStandstillMs, messages, wraps } = timing.audit;
  return new Map(
    watches.map((watch) => {
      const beat = watch.kind === SIGNED_MESSAGE_KIND ? messages : wraps;
      return [watch, new AuditSchedule({ beat, afterStandstillMs, clock, monotonic })];
    }),
  );
}
