import { DAY_MS, type Clock } from '../basics/clock.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { CohortRecord } from './cohort-record.ts';
import type { Cohort, CohortCounts, CohortMember, CohortTable } from './cohort-table.ts';

/** How long a device is woken with its cohort after its last key has expired (contract 9): a random time between these, in milliseconds. */
const LINGERS_MS = { least: DAY_MS, most: 7 * DAY_MS };
/** A device and the one that takes over its keys. */
const DEVICES_PER_PLACE = 2;

export interface CohortBookOptions {
  readonly record: CohortRecord;
  /** `WAKE_COHORT_SIZE`. */
  readonly size: number;
  /** Members in all. Beyond it, devices whose keys have expired leave before their time. */
  readonly capacity: number;
  /** The time between two sweeps, in milliseconds: so late an expiry may be noticed, and so late a member may leave. */
  readonly sweepMs: number;
  /** The time of day, in milliseconds. */
  readonly clock: Clock;
  /** A random number from 0 to 1, without 1, that no outsider can guess. */
  readonly chance: () => number;
  /** Whether a registration points at the device. */
  readonly isRegistered: (device: PushTarget) => boolean;
  /** Resolves in a later turn of the event loop: other work goes first. */
  readonly turn: () => Promise<void>;
}

/** Members that a sweep looks at in one turn of the event loop: a millisecond or two. */
const SWEPT_AT_ONCE = 1024;

/** How many places a device's cohort should have, and how many it has. */
export interface CohortSize {
  readonly size: number;
  readonly members: number;
}

/**
 * The rules of cohorts (contract 9). A device is dealt once, into the cohort of its carrier view that is forming. A cohort is closed when it is
 * full, and from then on it only ever changes by members that leave, and by another whole cohort that joins it. So no observer learns from
 * two bursts more about a member than from one.
 */
export class CohortBook {
  readonly #options: CohortBookOptions;
  readonly #table: CohortTable;

  constructor(options: CohortBookOptions) {
    this.#options = options;
    this.#table = options.record.table;
  }

  get counts(): CohortCounts {
    return this.#table.counts;
  }

  /** The device's place among the cohorts, if it has one. */
  member(device: string): CohortMember | undefined {
    return this.#table.member(device);
  }

  /** The size of the device's cohort; if it has none, of the cohort that it would be dealt into. */
  sizeFor(target: PushTarget, view: string): CohortSize {
    const { size } = this.#options;
    const own = this.#table.member(deviceOf(target))?.cohort;
    if (own !== undefined) return { size: own.isClosed ? own.size : size, members: own.places };
    return { size, members: (this.#table.forming(view)?.places ?? 0) + 1 };
  }

  /**
   * A key was registered with this device. A device that is no member becomes one.
   *
   * @param view who sees the device's wakes
   * @param former the device that the key pointed at before, if it was another one. If that was a member of the same view, both have its
   *   place until all of its keys have moved
   */
  enter(target: PushTarget, view: string, former?: PushTarget): void {
    const known = this.#table.member(deviceOf(target));
    const left = former === undefined ? undefined : this.#table.member(deviceOf(former));
    if (known !== undefined) this.#stay(known);
    else if (left !== undefined && this.#canShare(left, view)) this.#join(left.cohort, left.place, target);
    else this.#deal(target, view);
    if (left === undefined || this.#options.isRegistered(left.target)) return;
    if (this.#table.member(deviceOf(target))?.place === left.place) this.leave(left.target);
    else this.#linger(left);
  }

  /** The device is gone, or its last key was unregistered. */
  leave(target: PushTarget): void {
    const member = this.#table.member(deviceOf(target));
    if (member === undefined) return;
    this.#options.record.note({ type: 'left', target: member.target });
    this.#mend(member.cohort);
  }

  /** Expired registrations were removed: notes the members that have none left, and takes out those that have lingered for their time. */
  async sweep(): Promise<void> {
    let looked = 0;
    // A merge puts its members at the end, where they are looked at once more.
    for (const member of this.#table.members()) {
      if (++looked % SWEPT_AT_ONCE === 0) await this.#options.turn();
      if (member.until === undefined) {
        if (!this.#options.isRegistered(member.target)) this.#linger(member);
      } else if (this.#options.isRegistered(member.target)) this.#stay(member);
      else if (member.until <= this.#options.clock()) this.leave(member.target);
    }
  }

  #deal(target: PushTarget, view: string): void {
    const { record, size } = this.#options;
    const place = this.#table.nextPlace;
    if (this.#table.forming(view) === undefined)
      record.note({ type: 'formed', cohort: this.#table.nextCohort, view });
    const cohort = this.#table.forming(view);
    if (cohort === undefined) return;
    this.#join(cohort, place, target);
    if (cohort.places < size) return;
    record.note({ type: 'closed', cohort: cohort.id, size });
    // A cohort of which few are left can have waited for this one only if it was alone.
    const [oldest] = this.#table.closed(view);
    if (oldest !== undefined) this.#mend(oldest);
  }

  #join(cohort: Cohort, place: number, target: PushTarget): void {
    this.#options.record.note({ type: 'joined', cohort: cohort.id, place, target });
    for (const member of this.#table.lingering()) {
      if (this.#table.size <= this.#options.capacity) return;
      this.leave(member.target);
    }
  }

  /** Whether a further device may share the member's place. */
  #canShare({ cohort, place }: CohortMember, view: string): boolean {
    const sharing = cohort.members.filter((member) => member.place === place);
    return cohort.view === view && sharing.length < DEVICES_PER_PLACE;
  }

  #stay({ cohort, place, target, until }: CohortMember): void {
    if (until !== undefined) this.#options.record.note({ type: 'joined', cohort: cohort.id, place, target });
  }

  #linger({ cohort, place, target, until: known }: CohortMember): void {
    if (known !== undefined) return;
    const { chance, clock, record, sweepMs } = this.#options;
    // Seven days are the most from the expiry until the sweep that takes the member out.
    const spanMs = Math.max(0, LINGERS_MS.most - 2 * sweepMs - LINGERS_MS.least);
    const until = Math.floor(clock() + LINGERS_MS.least + chance() * spanMs);
    record.note({ type: 'joined', cohort: cohort.id, place, target, until });
  }

  /** Merges a cohort that has few places left with another cohort of its view. The other one is picked at random, so that no outsider can choose it. */
  #mend(cohort: Cohort): void {
    const { chance, record } = this.#options;
    if (cohort.places === 0) return record.note({ type: 'ended', cohort: cohort.id });
    if (!hasFewLeft(cohort)) return;
    const others = this.#table.closed(cohort.view).filter((other) => other !== cohort);
    const into = others[Math.floor(chance() * others.length)];
    if (into === undefined) return;
    for (const { place, target, until } of cohort.members.slice())
      record.note({ type: 'joined', cohort: into.id, place, target, ...(until !== undefined && { until }) });
    if (cohort.size > into.size) record.note({ type: 'closed', cohort: into.id, size: cohort.size });
    if (cohort.isDue) record.note({ type: 'due', cohort: into.id });
    record.note({ type: 'ended', cohort: cohort.id });
    this.#mend(into);
  }
}

function hasFewLeft({ isClosed, places, size }: Cohort): boolean {
  return isClosed && 2 * places < size;
}
