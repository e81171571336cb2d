import { setTimeout as delay } from 'node:timers/promises';

import { SECOND_MS, unixSeconds, type Clock } from '../../core/basics/clock.ts';
import type { EventFrame, RelayIntake } from '../../core/intake/event-intake.ts';
import { SIGNED_MESSAGE_KIND } from '../../core/nostr/nostr-event.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { ReconciledPlan } from '../reconcile/reconciled-plan.ts';
import { EventLog } from '../reconcile/event-log.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';
import type { KindWatch } from '../live/kind-watch.ts';
import type { AuditPlaces } from './audit-places.ts';
import type { AuditCost, AuditEnd, AuditSchedule } from './audit-schedule.ts';
import { beginRecovery } from './gathering-recovery.ts';
import { MissedEvents } from './missed-events.ts';
import type { RecoveryReport } from './page-plan.ts';
import type { Recoveries } from './recoveries.ts';
import { RecoveredEvents } from './recovered-events.ts';
import { reportSkipped } from './report-recovery.ts';

/** An audit that is due waits for so long while its kind has a gap, which is recovered first. */
const RETRY_MS = 2 * SECOND_MS;
/** An audit waits while events come as fast as in a burst: what the relay drops after it began would be found by the next one. Looked at in these steps, and no longer than this. */
const CALM_MS = 200;
const LONGEST_BURST_MS = 30 * SECOND_MS;
/** At a relay with one place, a younger signed message may have come live as an event of a page. In seconds. */
const ON_ITS_WAY_SECONDS = 60;
/** What one audit may receive. Beyond that it ends, and the newest events have been audited. */
const MAX_BYTES = 512 * 1024 * 1024;

export interface AuditsOptions {
  readonly relay: string;
  readonly intake: RelayIntake;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
  /** The time of day. */
  readonly clock: Clock;
  readonly recoveries: Recoveries;
  /** When each kind is audited. */
  readonly schedules: ReadonlyMap<KindWatch, AuditSchedule>;
  /** Where the pages of all relays wait for their turn. */
  readonly places: AuditPlaces;
  /** The relay's `max_limit` (NIP-11). */
  readonly maxLimit: () => number | undefined;
}

interface Asked {
  readonly watch: KindWatch;
  /** In milliseconds. */
  readonly since: number;
  readonly events: RecoveredEvents;
  readonly cost: AuditCost;
}

interface Answered {
  readonly plan: ReconciledPlan;
  /** Whether all was asked for: the connection may have ended. */
  readonly isAsked: boolean;
}

/**
 * The audits on one connection. Relays keep a bounded buffer for each reader, and drop what does not fit without a word. So the relay is
 * asked now and then for what it stored since the last audit. What is for a registered key and was not seen wakes, as in a recovery.
 */
export class Audits {
  readonly #options: AuditsOptions;
  readonly #timers = new Map<KindWatch, NodeJS.Timeout>();
  /** The kinds that are being audited. */
  readonly #running = new Set<KindWatch>();
  readonly #closed = new AbortController();

  constructor(options: AuditsOptions) {
    this.#options = options;
  }

  /** The connection is open. */
  open(): void {
    for (const watch of this.#options.schedules.keys()) this.#arm(watch);
  }

  /** The program, or the reading of this relay, stood still. */
  standstill(): void {
    for (const watch of this.#options.schedules.keys()) this.burst(watch);
  }

  /** A burst of live events of one kind has ended. */
  burst(watch: KindWatch): void {
    this.#options.schedules.get(watch)?.standstill();
    this.#arm(watch);
  }

  /** The connection has ended. */
  close(): void {
    this.#closed.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #arm(watch: KindWatch, leastMs = 0): void {
    clearTimeout(this.#timers.get(watch));
    const schedule = this.#options.schedules.get(watch);
    if (schedule === undefined || this.#closed.signal.aborted || this.#running.has(watch)) return;
    const timer = setTimeout(() => this.#onDue(watch, schedule), Math.max(leastMs, schedule.waitMs));
    this.#timers.set(watch, timer);
  }

  #onDue(watch: KindWatch, schedule: AuditSchedule): void {
    if (schedule.waitMs > 0) return this.#arm(watch);
    if (!watch.isLive || watch.hasGap || this.#options.recoveries.isBusy(watch))
      return this.#arm(watch, RETRY_MS);
    this.#running.add(watch);
    const audited = this.#untilCalm(watch).then(() => this.#audit(watch, schedule));
    void audited.finally(() => {
      this.#running.delete(watch);
      this.#arm(watch);
    });
  }

  /** Resolves when no burst of live events is under way, or when the connection ends. */
  async #untilCalm(watch: KindWatch): Promise<void> {
    const { burstEvents } = this.#options.timing.audit;
    for (let waitedMs = 0; waitedMs < LONGEST_BURST_MS; waitedMs += CALM_MS) {
      const before = watch.events;
      await delay(CALM_MS, undefined, { signal: this.#closed.signal }).catch(() => undefined);
      if (watch.events - before < (burstEvents * CALM_MS) / SECOND_MS) return;
    }
  }

  async #audit(watch: KindWatch, schedule: AuditSchedule): Promise<void> {
    const { clock, intake, recoveries, timing } = this.#options;
    if (this.#closed.signal.aborted) return;
    const since = schedule.since;
    schedule.begin();
    if (!intake.hasRegistrations()) return schedule.end('idle');
    await recoveries.reconciling.probe(watch);
    const { silences } = watch;
    const arePagesShared = recoveries.pages.areShared;
    const isSound = (): boolean => watch.silences === silences;
    const recovery = beginRecovery({ intake, isAudit: true, arePagesShared, isSound });
    const { finds } = watch;
    finds.begin();
    const askedAt = unixSeconds(clock);
    const missed = new MissedEvents(watch, since, clock());
    const events = new RecoveredEvents(intake, recovery, {
      heard: watch.heard.all(),
      onUnheard: (frame) => missed.note(frame),
      onFound: (frame) => {
        // It may have been dropped here, unverified, while its key was flooded with forgeries.
        if (missed.cameLive(frame)) return;
        if (!arePagesShared || isSurelyStored(frame, askedAt)) finds.found(frame.id);
      },
    });
    if (watch.known !== undefined) events.log = new EventLog();
    const cost = { bytes: 0, ms: 0 };
    const isWhole = ({ isAsked, plan }: Answered): boolean =>
      isAsked && !events.hasUnverified && plan.report().unrecovered === undefined;
    let asked = await this.#ask({ watch, since, events, cost });
    if (isWhole(asked) && asked.plan.isByPages && recoveries.reconciling.mayBegin && isSound()) {
      // A page does not give all events of a crowded second. Now that the others are known, their ids can be had.
      watch.learn({ log: events.log, since: asked.plan.since });
      asked = (await this.#ask({ watch, since, events, cost }, { mayPage: false })) ?? asked;
    }
    const { isAsked, plan } = asked;
    events.isOver = true;
    const wasSound = isSound();
    recovery.end(wasSound);
    if (wasSound) watch.learn({ log: events.log, ...(isWhole(asked) && { since: plan.since }) });
    if (events.hasUnverified) recoveries.noteUnverified(watch, 'gap', since);
    // An event that was published meanwhile may still be on its way.
    const wait = delay(timing.audit.confirmMs, undefined, { signal: this.#closed.signal });
    await wait.catch(() => undefined);
    const report = isAsked ? plan.report() : undefined;
    this.#report(watch, finds.end(), report);
    schedule.end(endOf(report, missed.any), cost);
  }

  async #ask(asked: Asked): Promise<Answered>;
  async #ask(asked: Asked, options: { mayPage: false }): Promise<Answered | undefined>;
  /** Asks the relay for what it stored since then. @returns `undefined` if pages are needed and not allowed */
  async #ask(
    { cost, events, since, watch }: Asked,
    { mayPage } = { mayPage: true },
  ): Promise<Answered | undefined> {
    const { maxLimit, places, recoveries } = this.#options;
    const plan = watch.auditPlan(since, maxLimit());
    const onBytes = (bytes: number): void => void (cost.bytes += bytes);
    await recoveries.reconciling.prepare({ watch, plan, isUnhurried: true, onBytes });
    if (plan.isByPages && !mayPage) return undefined;
    const audit = { places, cost, mostBytes: MAX_BYTES };
    return {
      plan,
      isAsked: await recoveries.pages.askAll({ watch, plan, events, audit, onLate: () => undefined }),
    };
  }

  /** Logs and counts how an audit went. @param report absent if the connection ended meanwhile */
  #report(watch: KindWatch, found: number, report: RecoveryReport | undefined): void {
    const { relay, telemetry } = this.#options;
    const { kind } = watch;
    telemetry.count('relay_audits', { outcome: found > 0 ? 'found' : outcomeOf(report) });
    telemetry.count('relay_audit_found', { kind: String(kind) }, found);
    if (found > 0) {
      watch.dropped.note(found);
      telemetry.log('relay.events_dropped', { relay, kind, count: found });
    }
    if (report === undefined) return;
    const { events, pages, unrecovered } = report;
    telemetry.log('relay.audited', { relay, kind, pages, events, count: found });
    reportSkipped(telemetry, { relay, kind, report });
    if (unrecovered !== undefined)
      telemetry.log('relay.audit_incomplete', { relay, kind, reason: unrecovered.reason });
  }
}

function outcomeOf(report: RecoveryReport | undefined): 'clean' | 'failed' | 'cut' {
  if (report === undefined) return 'cut';
  return report.unrecovered === undefined ? 'clean' : 'failed';
}

function endOf(report: RecoveryReport | undefined, isMissed: boolean): AuditEnd {
  const outcome = outcomeOf(report);
  return isMissed && outcome === 'clean' ? 'missed' : outcome;
}

/** Whether an event of a page was certainly stored before the page was asked for. A gift wrap carries no true time. */
function isSurelyStored({ createdAt, kind }: EventFrame, askedAt: number): boolean {
  return kind === SIGNED_MESSAGE_KIND && createdAt < askedAt - ON_ITS_WAY_SECONDS;
}
