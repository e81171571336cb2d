import type { CohortBook } from '../cohorts/cohort-book.ts';
import type { CohortRecord } from '../cohorts/cohort-record.ts';
import type { Cohort } from '../cohorts/cohort-table.ts';
import type { Wake, WakeEnd } from '../lanes/wake.ts';
import type { PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { HeldWake } from './held-wake.ts';
import type { KeyWake } from './key-wake.ts';
import { Slots, type SlotsOptions } from './slots.ts';
import type { WakePolicy } from './wake-policy.ts';

/** The record says already that the cohort is due. */
const NOTED = Promise.resolve();

export interface CohortsOptions extends Omit<SlotsOptions, 'complete'> {
  readonly book: CohortBook;
  readonly record: CohortRecord;
  /** Makes a wake for a device that no event asks for. */
  readonly cover: (target: PushTarget) => KeyWake;
}

/**
 * The policy `cohorts` (contract 9): when a wake is due at an edge, all members of its device's cohort are woken there. Those that no event
 * asks for get a cover wake, which is a wake without a key and otherwise like any other.
 *
 * A burst that has begun must not end with a part of its cohort: who sees which members are missing knows that it was for one of the
 * others. So the record says that a cohort is due before its first wake leaves, until its last wake has ended. After a restart, all members
 * of such a cohort are woken once more.
 */
export class Cohorts implements WakePolicy {
  readonly #options: CohortsOptions;
  readonly #slots: Slots;
  /** By cohort that is due at the next edge: resolves when the record says so. */
  readonly #due = new Map<number, Promise<void>>();
  /** By device whose wake is leaving or under way: its cohort when the burst began. */
  readonly #underWay = new Map<string, number>();
  /** By cohort, how many of those devices it has. */
  readonly #open = new Map<number, number>();
  /** The cohorts of which a member has not got its wake, and is not owed it. */
  readonly #cut = new Set<number>();

  constructor(options: CohortsOptions) {
    this.#options = options;
    const { draw, edges, hand, onBurst, onHeld, redirect, room, schedule } = options;
    this.#slots = new Slots({
      edges,
      schedule,
      draw,
      room,
      hand: (wake) => this.#follow(wake, hand(wake)),
      redirect,
      complete: (due) => this.#complete(due),
      onHeld,
      onBurst,
    });
  }

  readonly counted = 0;

  groupOf(device: string): string {
    const cohort = this.#cohortOf(device);
    return cohort === undefined ? device : `cohort ${cohort.id}`;
  }

  heeds(): boolean {
    return true;
  }

  get size(): number {
    return this.#slots.size;
  }

  /**
   * Wakes the cohorts whose bursts an earlier run, or a server of the fleet that is dead, has not ended.
   *
   * @param isOurs whether no other server of the fleet wakes the group of this wake
   */
  async resume(isOurs: (wake: KeyWake) => Promise<boolean>): Promise<void> {
    for (const cohort of Array.from(this.#options.record.table.due())) {
      const [member] = cohort.members;
      if (member === undefined || this.#due.has(cohort.id) || this.#open.has(cohort.id)) continue;
      const cover = this.#options.cover(member.target);
      if (await isOurs(cover)) this.hold(cover);
    }
  }

  request(wake: KeyWake): Promise<WakeEnd> {
    const cohort = this.#cohortOf(wake.device);
    if (cohort === undefined) return this.#slots.request(wake);
    const { id } = cohort;
    const written = this.#noteDue(cohort);
    return written.then(() => {
      // A burst of the cohort may have begun meanwhile. This wake leaves at the edge after it, and the cohort is due again.
      this.#due.set(id, written);
      return this.#slots.request(wake);
    });
  }

  hold(wake: KeyWake): void {
    const cohort = this.#cohortOf(wake.device);
    if (cohort !== undefined) void this.#noteDue(cohort);
    this.#slots.hold(wake);
  }

  isHeld(device: string, key: TradePubkey): boolean {
    return this.#slots.isHeld(device, key);
  }

  isHeldUnvouched(): boolean {
    return false;
  }

  move(key: TradePubkey, from: PushTarget, to: PushTarget): Promise<WakeEnd> | undefined {
    return this.#slots.move(key, from, to);
  }

  release(device: string): readonly HeldWake[] {
    return this.#slots.release(device);
  }

  flush(withinMs: number): Promise<void> {
    return this.#slots.flush(withinMs);
  }

  #cohortOf(device: string): Cohort | undefined {
    return this.#options.book.member(device)?.cohort;
  }

  #noteDue({ id, isDue }: Cohort): Promise<void> {
    const known = this.#due.get(id);
    if (known !== undefined) return known;
    const written = isDue ? NOTED : this.#write(id);
    this.#due.set(id, written);
    return written;
  }

  #write(cohort: number): Promise<void> {
    const { record } = this.#options;
    record.note({ type: 'due', cohort });
    return record.written();
  }

  /**
   * The wakes of a burst, which begins with this call: those that are due, and cover wakes for all other members of their cohorts. The order
   * is that of the members, so that it does not depend on who is due.
   */
  #complete(due: ReadonlyMap<string, KeyWake>): KeyWake[] {
    this.#due.clear();
    const { cover } = this.#options;
    const wakes = [...due.values()].filter(({ device }) => this.#cohortOf(device) === undefined);
    for (const [{ id, members }, since] of this.#cohortsOf(due)) {
      for (const { device, target } of members) {
        const wake = due.get(device) ?? cover(target);
        wake.since = since;
        wake.wasHeld = true;
        wakes.push(wake);
        this.#begin(device, id);
      }
    }
    return wakes;
  }

  /** The cohorts of these wakes, each with the time of the first event that the burst answers: the same one for all of its wakes. */
  #cohortsOf(due: ReadonlyMap<string, KeyWake>): Map<Cohort, number> {
    const cohorts = new Map<Cohort, number>();
    for (const [device, { since }] of due) {
      const cohort = this.#cohortOf(device);
      if (cohort !== undefined) cohorts.set(cohort, Math.min(since, cohorts.get(cohort) ?? Infinity));
    }
    return cohorts;
  }

  #begin(device: string, cohort: number): void {
    // A wake that has not left since an earlier burst stands for this one, too.
    if (this.#underWay.has(device)) return;
    this.#underWay.set(device, cohort);
    this.#open.set(cohort, (this.#open.get(cohort) ?? 0) + 1);
  }

  #follow({ device }: Wake, end: Promise<WakeEnd>): Promise<WakeEnd> {
    if (this.#underWay.has(device)) void end.then((how) => this.#end(device, how));
    return end;
  }

  #end(device: string, how: WakeEnd): void {
    const cohort = this.#underWay.get(device);
    if (cohort === undefined) return;
    this.#underWay.delete(device);
    // At a stop. Nothing remembers the wake but the record that the cohort is due.
    if (how === 'dropped' && this.#cohortOf(device) !== undefined) this.#cut.add(cohort);
    const open = (this.#open.get(cohort) ?? 0) - 1;
    if (open > 0) return void this.#open.set(cohort, open);
    this.#open.delete(cohort);
    // The cohort may be due again by now.
    if (!this.#cut.delete(cohort) && !this.#due.has(cohort))
      this.#options.record.note({ type: 'woken', cohort });
  }
}
