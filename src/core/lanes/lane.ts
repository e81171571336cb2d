import type { Backoff } from '../basics/backoff.ts';
import type { PushService } from '../registry/push-target.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { LaneEntry } from './lane-entry.ts';
import { LaneHealth, type LaneHealthOptions } from './lane-health.ts';
import { LaneJudge, type EvictionOptions } from './lane-judge.ts';
import { LaneQueue, type LaneLine, type OpenLines } from './lane-queue.ts';
import { LaneReport } from './lane-report.ts';
import type { SharedPauses } from './shared-pauses.ts';

/**
 * A trouble of a lane. `paused`: the push server said "too many". `down`: nothing comes through. `full`: the queue was full and is not half
 * empty again. `guarded`: too many devices are called gone at once to be believed.
 */
export type LaneTrouble = 'paused' | 'down' | 'full' | 'guarded';

/** How many lanes have each trouble. */
export type LaneTroubles = Record<LaneTrouble, number>;

export const NO_TROUBLES: Readonly<LaneTroubles> = { paused: 0, down: 0, full: 0, guarded: 0 };

export interface LaneOptions extends Omit<LaneHealthOptions, 'breaker' | 'onPaused'> {
  /** Makes the waits of one lane's circuit breaker. */
  readonly createBreaker: () => Backoff;
  /** Names the provider in metrics and the log. The push server itself is never named. */
  readonly provider: PushService;
  readonly eviction: EvictionOptions;
  readonly telemetry: Telemetry;
  /** The pauses of the fleet's lanes; absent if this server is alone. */
  readonly pauses?: SharedPauses | undefined;
}

/**
 * One push server. FCM has one lane; UnifiedPush has one for each registrable domain or address. Each lane has its own queue, pauses and
 * circuit breaker, so that its trouble delays no other lane.
 */
export class Lane {
  readonly health: LaneHealth;
  readonly report: LaneReport;
  readonly judge: LaneJudge;
  /** Wakes whose turn may come now. */
  readonly queue = new LaneQueue<LaneEntry<Lane>>();
  /** Wakes that are not being sent: queued, waiting for a retry, or owed. `LaneBook` counts them. */
  unsent = 0;
  /** The owed ones among them. `LaneBook` counts them. */
  owed = 0;
  /** Attempts under way, by the line of the queue that their wakes were taken from. */
  readonly sendingFrom: Record<LaneLine, number> = { known: 0, first: 0, retries: 0 };
  /** Wakes that have failed and are not owed, the one that failed first in front. `LaneBook` keeps them. */
  readonly postponed = new Set<LaneEntry<Lane>>();
  /** The lane stands in line for a turn (`lane-turns.ts`). */
  isInLine = false;
  /** Cancels the timer for the end of the lane's pause. */
  cancelAdvance: (() => void) | undefined;
  readonly #reservesPlaces: boolean;

  /** @param name of the push server: never logged or counted */
  constructor(name: string, options: LaneOptions) {
    const { createBreaker, eviction, monotonic, pauses, provider, retry, startsSlowly, telemetry } = options;
    this.#reservesPlaces = startsSlowly;
    const onPaused = pauses && ((ms: number): void => pauses.tell(name, ms));
    this.health = new LaneHealth({ monotonic, breaker: createBreaker(), retry, startsSlowly, onPaused });
    const pausedMs = pauses?.leftMs(name) ?? 0;
    if (pausedMs > 0) this.health.pauseFor(pausedMs);
    this.report = new LaneReport({ telemetry, provider, monotonic });
    this.judge = new LaneJudge({ health: this.health, report: this.report, retry, monotonic, eviction });
  }

  /** Wakes that are not being sent and not owed. */
  get urgent(): number {
    return this.unsent - this.owed;
  }

  /** Attempts under way. */
  get sending(): number {
    const { known, first, retries } = this.sendingFrom;
    return known + first + retries;
  }

  /**
   * From which lines a wake may be sent now. Wakes that have failed before have half of the places at most. Where strangers run the push
   * servers, devices that had a wake delivered have a quarter for themselves: endpoints that hang or fail leave the others theirs.
   *
   * @param places attempts that may be under way at once
   */
  openLines(places: number): OpenLines {
    const { first, retries } = this.sendingFrom;
    const isFirstOpen = !this.#reservesPlaces || first + retries < places - Math.floor(places / 4);
    return { known: true, first: isFirstOpen, retries: isFirstOpen && retries * 2 < places };
  }

  /** The lane has no wake and no pause. A broken lane without a wake is idle too, since only a wake could mend it. */
  get isIdle(): boolean {
    return this.unsent === 0 && this.sending === 0 && this.health.waitMs === 0;
  }

  /** The lane counts as one in use. A lane that never delivered and only owes wakes does not. */
  get isInUse(): boolean {
    return this.health.isProven || this.urgent > 0 || this.sending > 0;
  }

  /** The lane can send no wake now: none is queued, or the lane is paused or broken. */
  get isStuck(): boolean {
    return this.queue.size === 0 || this.health.state !== 'open';
  }

  /** The lane's troubles at this moment. */
  get troubles(): readonly LaneTrouble[] {
    const troubles: LaneTrouble[] = [];
    if (this.health.state === 'paused') troubles.push('paused');
    if (this.health.isFailing) troubles.push('down');
    if (this.report.isOverloaded) troubles.push('full');
    if (this.report.isGuardUp) troubles.push('guarded');
    return troubles;
  }
}
