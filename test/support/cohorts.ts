import { DAY_MS, HOUR_MS } from '../../src/core/basics/clock.ts';
import { deviceOf, type PushTarget } from '../../src/core/registry/push-target.ts';
import { CohortBook, type CohortBookOptions } from '../../src/core/cohorts/cohort-book.ts';
import type { CohortChange } from '../../src/core/cohorts/cohort-change.ts';
import type { CohortRecord } from '../../src/core/cohorts/cohort-record.ts';
import { CohortTable } from '../../src/core/cohorts/cohort-table.ts';
import { fcmTarget } from './registrations.ts';

export const NOW = Date.UTC(2026, 0, 1);
/** The time between two sweeps. */
export const SWEEP_MS = HOUR_MS;

/** A record in memory, which remembers every change. */
export class FakeCohortRecord implements CohortRecord {
  readonly table = new CohortTable();
  readonly changes: CohortChange[] = [];

  note(change: CohortChange): void {
    this.changes.push(change);
    this.table.apply(change);
  }

  written(): Promise<void> {
    return Promise.resolve();
  }
}

/** Numbers from 0 to 1 that look random, and are the same in every run of one seed. */
export function seededChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A book of cohorts, and the registrations that it asks about. */
export class CohortBench {
  readonly record = new FakeCohortRecord();
  readonly registered = new Set<string>();
  readonly book: CohortBook;
  now = NOW;

  constructor(options: Partial<CohortBookOptions> = {}) {
    this.book = new CohortBook({
      record: this.record,
      size: 4,
      capacity: 1000,
      sweepMs: SWEEP_MS,
      clock: () => this.now,
      chance: seededChance(1),
      isRegistered: (target) => this.registered.has(deviceOf(target)),
      turn: () => Promise.resolve(),
      ...options,
    });
  }

  /** A key is registered with each of these devices. */
  register(...devices: readonly PushTarget[]): void {
    for (const device of devices) {
      this.registered.add(deviceOf(device));
      this.book.enter(device, viewOf(device));
    }
  }

  /** The only key of a device is registered with another device. */
  move(from: PushTarget, to: PushTarget): void {
    this.registered.add(deviceOf(to));
    this.registered.delete(deviceOf(from));
    this.book.enter(to, viewOf(to), from);
  }

  /** The last keys of these devices expire, and a sweep notices. */
  async expire(...devices: readonly PushTarget[]): Promise<void> {
    for (const device of devices) this.registered.delete(deviceOf(device));
    await this.book.sweep();
  }

  /** These devices are gone. */
  evict(...devices: readonly PushTarget[]): void {
    for (const device of devices) {
      this.registered.delete(deviceOf(device));
      this.book.leave(device);
    }
  }

  async pass(days: number): Promise<void> {
    this.now += days * DAY_MS;
    await this.book.sweep();
  }

  /** The names of the devices in each cohort. */
  get cohorts(): string[][] {
    const cohorts = new Map<number, string[]>();
    for (const { cohort, device } of this.record.table.members())
      cohorts.set(cohort.id, [...(cohorts.get(cohort.id) ?? []), device.replace(/^fcm /, '')]);
    return [...cohorts.values()].map((names) => names.toSorted());
  }
}

export function phones(...names: readonly string[]): PushTarget[] {
  return names.map((name) => fcmTarget(name));
}

/** The devices of the tests are Android phones; those with an `i` in front are iPhones. */
export function viewOf(target: PushTarget): string {
  return target.type === 'fcm' && target.token.startsWith('i') ? 'fcm ios' : 'fcm android';
}
export const SLOT_S = 30;
