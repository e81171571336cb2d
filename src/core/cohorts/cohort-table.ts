import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { CohortChange } from './cohort-change.ts';

/** One device of a cohort. */
export interface CohortMember {
  /** `deviceOf(target)`. */
  readonly device: string;
  readonly target: PushTarget;
  readonly cohort: Cohort;
  /** A number that no other place of any cohort has. A device and the one that takes over its keys share a place until all keys have moved. */
  readonly place: number;
  /** When the member leaves, in milliseconds since the epoch; absent while one of its keys is registered. */
  readonly until: number | undefined;
}

/** Devices of one carrier view that are always woken together. */
export interface Cohort {
  readonly id: number;
  /** Who sees the wakes: all members have one push service, and there one kind of device. */
  readonly view: string;
  /** How many places the cohort should have; 0 until it is closed. */
  readonly size: number;
  readonly isClosed: boolean;
  /** A burst of the cohort has begun and not ended. */
  readonly isDue: boolean;
  readonly members: readonly CohortMember[];
  /** How many different places its members have. */
  readonly places: number;
}

/** How many cohorts and members there are. */
export interface CohortCounts {
  readonly cohorts: number;
  readonly members: number;
  /** Members whose keys have all expired. */
  readonly lingering: number;
  /** Members of cohorts that are forming, or have fewer places than they should. */
  readonly unprotected: number;
  /** By the number of its places, how many cohorts there are. */
  readonly sizes: ReadonlyMap<number, number>;
}

type Changeable<Of> = { -readonly [Name in keyof Of]: Of[Name] };
type Member = Omit<CohortMember, 'cohort' | 'until'> & { readonly cohort: Group; until: number | undefined };
type Group = Changeable<Omit<Cohort, 'members'>> & { readonly members: Member[] };

/** The cohorts of one carrier view. */
interface View {
  forming: Group | undefined;
  readonly closed: Group[];
}

/** The cohorts and their members in memory, as {@link apply} makes them of changes. It knows no rules: `CohortBook` has them. */
export class CohortTable {
  readonly #cohorts = new Map<number, Group>();
  readonly #members = new Map<string, Member>();
  readonly #views = new Map<string, View>();
  /** The member that lingers for the longest time comes first. */
  readonly #lingering = new Set<Member>();
  readonly #sizes = new Map<number, number>();
  #unprotected = 0;
  #lastCohort = 0;
  #lastPlace = 0;

  get counts(): CohortCounts {
    return {
      cohorts: this.#cohorts.size,
      members: this.#members.size,
      lingering: this.#lingering.size,
      unprotected: this.#unprotected,
      sizes: new Map(this.#sizes),
    };
  }

  /** How many devices are members. */
  get size(): number {
    return this.#members.size;
  }

  /** A number that no cohort has had. */
  get nextCohort(): number {
    return this.#lastCohort + 1;
  }

  /** A number that no place has had. */
  get nextPlace(): number {
    return this.#lastPlace + 1;
  }

  member(device: string): CohortMember | undefined {
    return this.#members.get(device);
  }

  members(): Iterable<CohortMember> {
    return this.#members.values();
  }

  /** The members whose keys have all expired. The one for which that was noticed first comes first. */
  lingering(): Iterable<CohortMember> {
    return this.#lingering;
  }

  /** The one cohort of this view that takes newcomers, if there is any. */
  forming(view: string): Cohort | undefined {
    return this.#views.get(view)?.forming;
  }

  /** The cohorts of this view that are closed. */
  closed(view: string): readonly Cohort[] {
    return this.#views.get(view)?.closed ?? [];
  }

  /** The cohorts whose bursts were not over when they were last noted. */
  *due(): Generator<Cohort> {
    for (const cohort of this.#cohorts.values()) if (cohort.isDue) yield cohort;
  }

  /** The changes that make these cohorts of nothing. */
  *changes(): Generator<CohortChange> {
    for (const { id: cohort, isClosed, isDue, members, size, view } of this.#cohorts.values()) {
      yield { type: 'formed', cohort, view };
      for (const { place, target, until } of members.slice())
        yield { type: 'joined', cohort, place, target, ...(until !== undefined && { until }) };
      if (isClosed) yield { type: 'closed', cohort, size };
      if (isDue) yield { type: 'due', cohort };
    }
  }

  /** Changes the cohorts. A change of a cohort or of a member that is not there changes nothing. */
  apply(change: CohortChange): void {
    switch (change.type) {
      case 'formed':
        return this.#form(change.cohort, change.view);
      case 'joined':
        return this.#join(change);
      case 'left':
        return this.#leave(this.#members.get(deviceOf(change.target)));
      case 'closed':
      case 'ended':
      case 'due':
      case 'woken': {
        const cohort = this.#cohorts.get(change.cohort);
        if (cohort === undefined) return;
        if (change.type === 'closed') this.#close(cohort, change.size);
        else if (change.type === 'ended') this.#end(cohort);
        else cohort.isDue = change.type === 'due';
      }
    }
  }

  #form(id: number, view: string): void {
    const known = this.#cohorts.get(id);
    const cohort = known ?? { id, view, size: 0, isClosed: false, isDue: false, members: [], places: 0 };
    // Of a cohort that is known already, the change comes for the second time, perhaps after one about a former cohort of the view.
    if (!cohort.isClosed) this.#viewOf(cohort).forming = cohort;
    if (known !== undefined) return;
    this.#cohorts.set(id, cohort);
    this.#lastCohort = Math.max(this.#lastCohort, id);
    this.#count(cohort, 1);
  }

  #close(cohort: Group, size: number): void {
    const view = this.#viewOf(cohort);
    this.#count(cohort, -1);
    if (!cohort.isClosed) view.closed.push(cohort);
    if (view.forming === cohort) view.forming = undefined;
    cohort.isClosed = true;
    cohort.size = size;
    this.#count(cohort, 1);
  }

  #join({ cohort: id, place, target, until }: Extract<CohortChange, { type: 'joined' }>): void {
    const cohort = this.#cohorts.get(id);
    if (cohort === undefined) return;
    const device = deviceOf(target);
    const known = this.#members.get(device);
    if (known !== undefined && known.cohort === cohort && known.place === place) known.until = until;
    else {
      this.#leave(known);
      this.#count(cohort, -1);
      if (!hasPlace(cohort, place)) cohort.places++;
      const member = { device, target, cohort, place, until };
      cohort.members.push(member);
      this.#members.set(device, member);
      this.#lastPlace = Math.max(this.#lastPlace, place);
      this.#count(cohort, 1);
    }
    this.#noteLingering(this.#members.get(device));
  }

  #noteLingering(member: Member | undefined): void {
    if (member === undefined) return;
    if (member.until === undefined) this.#lingering.delete(member);
    else this.#lingering.add(member);
  }

  #leave(member: Member | undefined): void {
    if (member === undefined) return;
    const { cohort, device, place } = member;
    this.#count(cohort, -1);
    this.#lingering.delete(member);
    this.#members.delete(device);
    cohort.members.splice(cohort.members.indexOf(member), 1);
    if (!hasPlace(cohort, place)) cohort.places--;
    this.#count(cohort, 1);
  }

  #end(cohort: Group): void {
    const view = this.#viewOf(cohort);
    this.#count(cohort, -1);
    this.#cohorts.delete(cohort.id);
    if (view.forming === cohort) view.forming = undefined;
    if (cohort.isClosed) view.closed.splice(view.closed.indexOf(cohort), 1);
    if (view.forming === undefined && view.closed.length === 0) this.#views.delete(cohort.view);
  }

  #viewOf({ view }: Group): View {
    const known = this.#views.get(view) ?? { forming: undefined, closed: [] };
    this.#views.set(view, known);
    return known;
  }

  /** Adds a cohort to the counts, or takes it out. */
  #count(cohort: Group, by: 1 | -1): void {
    const { members, places } = cohort;
    const sizes = (this.#sizes.get(places) ?? 0) + by;
    if (sizes > 0) this.#sizes.set(places, sizes);
    else this.#sizes.delete(places);
    if (!isWhole(cohort)) this.#unprotected += by * members.length;
  }
}

/** Whether the cohort is closed and has as many places as it should. */
export function isWhole({ isClosed, places, size }: Cohort): boolean {
  return isClosed && places >= size;
}

function hasPlace({ members }: Group, place: number): boolean {
  return members.some((member) => member.place === place);
}
