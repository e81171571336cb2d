import type { StoreRecord } from '../../store/file/store-record.ts';
import type { Undo } from '../../store/contents/change-journal.ts';
import type { ChangeMode } from './write-changes.ts';

/** A change of one field that is not written yet. */
export interface Change {
  mode: ChangeMode;
  readonly field: Buffer;
  /** The field as latin1, to look it up by. */
  readonly name: string;
  readonly record: StoreRecord;
  /** The number of the last change that memory had when this one was decided. */
  base: number;
}

/** A caller that waits for a group. */
export interface Waiter {
  readonly undo: Undo;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Changes that are written all or not at all. */
export interface ChangeGroup {
  readonly changes: readonly Change[];
  /** Absent where no caller waits. Then there is one change. */
  readonly waiter: Waiter | undefined;
}

/** The changes that wait for being written, in the order in which they were made. Of a field, only the last change that no caller waits for is kept. */
export class ChangeQueue {
  readonly #groups = new Set<ChangeGroup>();
  /** By field, the change that no caller waits for. */
  readonly #lazy = new Map<string, ChangeGroup>();
  /** By field, how many groups change it. */
  readonly #counts = new Map<string, number>();

  /** How many groups wait. */
  get size(): number {
    return this.#groups.size;
  }

  add(group: ChangeGroup): void {
    const [first] = group.changes;
    if (group.waiter === undefined && first !== undefined) {
      const former = this.#lazy.get(first.name);
      if (former !== undefined) this.#remove(former);
      this.#lazy.set(first.name, group);
    }
    this.#groups.add(group);
    for (const { name } of group.changes) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Whether a change of the field waits. */
  touches(name: string): boolean {
    return this.#counts.has(name);
  }

  /** The change of the field that waits, if no caller waits for any. */
  lazyChangeOf(name: string): Change | undefined {
    return this.#counts.get(name) === 1 ? this.#lazy.get(name)?.changes[0] : undefined;
  }

  /** The changes of the field that wait were decided with this change in memory. */
  raise(name: string, number: number): void {
    if (!this.touches(name)) return;
    for (const { changes } of this.#groups)
      for (const change of changes) if (change.name === name) change.base = Math.max(change.base, number);
  }

  /** The engine has lost changes. What no caller waits for was decided before, maybe without a later registration that only another server has. */
  yieldToLater(): void {
    for (const { changes } of this.#lazy.values())
      for (const change of changes) {
        if (change.mode === 'renew') change.mode = 'repeat';
        if (change.record.type === 'registered' && change.mode === 'put') change.mode = 'repeat';
        if (change.record.type === 'removed') change.mode = 'expire';
      }
  }

  /** Takes the first groups, with about so many changes. */
  take(changes: number): ChangeGroup[] {
    const taken: ChangeGroup[] = [];
    let count = 0;
    for (const group of this.#groups) {
      if (count > 0 && count + group.changes.length > changes) break;
      taken.push(group);
      count += group.changes.length;
      this.#remove(group);
    }
    return taken;
  }

  /** Puts groups back, before all others, unless a newer change of the same field waits. */
  giveBack(groups: readonly ChangeGroup[]): void {
    const later = [...this.#groups];
    for (const group of later) this.#remove(group);
    for (const group of [...groups, ...later]) this.add(group);
  }

  /** Takes all groups that have one of these fields, and all later ones that have a field of those. */
  takeTouching(names: Iterable<string>): ChangeGroup[] {
    const lost = new Set(names);
    const taken: ChangeGroup[] = [];
    if (![...lost].some((name) => this.touches(name))) return taken;
    for (const group of this.#groups) {
      if (!group.changes.some(({ name }) => lost.has(name))) continue;
      for (const { name } of group.changes) lost.add(name);
      taken.push(group);
      this.#remove(group);
    }
    return taken;
  }

  /** Drops the oldest change that no caller waits for. @returns whether there was one */
  dropOldest(): boolean {
    for (const group of this.#lazy.values()) {
      this.#remove(group);
      return true;
    }
    return false;
  }

  #remove(group: ChangeGroup): void {
    if (!this.#groups.delete(group)) return;
    for (const { name } of group.changes) {
      const count = (this.#counts.get(name) ?? 0) - 1;
      if (count > 0) this.#counts.set(name, count);
      else this.#counts.delete(name);
      if (this.#lazy.get(name) === group) this.#lazy.delete(name);
    }
  }
}
