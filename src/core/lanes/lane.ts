import type { Backoff } from '../basics/backoff.ts';
import type { LaneEntry } from './lane-entry.ts';
import { LaneHealth, type LaneHealthOptions } from './lane-health.ts';
import { LaneJudge, type EvictionOptions } from './lane-judge.ts';
import { LaneQueue, type LaneLine, type OpenLines } from './lane-queue.ts';
import { LaneReport } from './lane-report.ts';
import { laneTroubles, type LaneTrouble } from './lane-trouble.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export interface LaneHostOptions extends Omit<LaneHealthOptions, 'breaker'> {
  /** The waits of a breaker, for each host anew. */
  readonly createBreaker: () => Backoff;
  /** Name of the provider, for what is counted and said: the host itself is never named. */
  readonly provider: string;
  readonly eviction: EvictionOptions;
  readonly telemetry: Telemetry;
}

/**
 * One push server: FCM has one, UnifiedPush one for each registrable domain or address. Each has its own queue, pauses and breaker, so
 * that the trouble of one delays no other. This is what the contract and the metrics call a lane.
 */
export class LaneHost {
  readonly health: LaneHealth;
  readonly report: LaneReport;
  readonly judge: LaneJudge;
  /** Wakes whose turn may come now. */
  readonly queue = new LaneQueue<LaneEntry<LaneHost>>();
  /** Wakes that are not being sent: queued, waiting for a retry, or owed. */
  unsent = 0;
  /** Of these, the ones that are merely owed. */
  owed = 0;
  /** Attempts under way, by the line of the queue that their wakes were taken from. */
  readonly sendingFrom: Record<LaneLine, number> = { known: 0, first: 0, retries: 0 };
  /** Wakes that have failed and are not merely owed: those first that were postponed first. */
  readonly postponed = new Set<LaneEntry<LaneHost>>();
  /** Whether it stands in line for a turn (`lane-turns.ts`). */
  isInLine = false;
  /** Cancels the timer for the end of its pause. */
  cancelAdvance: (() => void) | undefined;
  readonly #reservesPlaces: boolean;

  constructor(options: LaneHostOptions) {
    const { clock, createBreaker, eviction, provider, retry, startsSlowly, telemetry } = options;
    this.#reservesPlaces = startsSlowly;
    this.health = new LaneHealth({ clock, breaker: createBreaker(), retry, startsSlowly });
    this.report = new LaneReport({ telemetry, provider, clock });
    this.judge = new LaneJudge({ health: this.health, report: this.report, retry, clock, eviction });
  }

  /** Wakes that are not merely owed. */
  get urgent(): number {
    return this.unsent - this.owed;
  }

  /** Attempts under way. */
  get sending(): number {
    const { known, first, retries } = this.sendingFrom;
    return known + first + retries;
  }

  /**
   * From which lines a wake may be sent now. Wakes that have failed before have half of the places at most, and where devices are known to
   * work these have a quarter for themselves: endpoints that hang or fail leave the others theirs.
   *
   * @param places attempts that may be under way at once
   */
  openLines(places: number): OpenLines {
    const { first, retries } = this.sendingFrom;
    const isFirstOpen = !this.#reservesPlaces || first + retries < places - Math.floor(places / 4);
    return { known: true, first: isFirstOpen, retries: isFirstOpen && retries * 2 < places };
  }

  /** Whether nothing is to be done here, nor to be waited for: a broken host without a wake would never be mended. */
  get isIdle(): boolean {
    return this.unsent === 0 && this.sending === 0 && this.health.waitMs === 0;
  }

  /** Whether it counts as a lane in use: a host that never delivered, and is merely owed wakes, does not. */
  get isInUse(): boolean {
    return this.health.isProven || this.urgent > 0 || this.sending > 0;
  }

  /** Whether the program may stop though wakes are queued here. */
  get isStuck(): boolean {
    return this.queue.size === 0 || this.health.state !== 'open';
  }

  /** What ails it at this moment. */
  get troubles(): readonly LaneTrouble[] {
    return laneTroubles(this.health, this.report);
  }
}
