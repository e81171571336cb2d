import { StoreUnavailable } from '../../core/registry/registration-store.ts';
import type { Registration } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { ChangeConflict, type ChangeJournal, type Undo } from '../../store/contents/change-journal.ts';
import type { StoreRecord } from '../../store/file/store-record.ts';
import type { Engine } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import { ChangeQueue, type Change, type ChangeGroup, type Waiter } from './change-queue.ts';
import type { Progress } from './progress.ts';
import type { RecentRemovals } from './recent-removals.ts';
import { GroupWriter } from './group-writer.ts';
import { fieldsOf } from './record-fields.ts';
import type { RecordSealer } from './record-sealer.ts';
import { Turns } from './turns.ts';
import type { ChangeMode, Verdict } from './write-changes.ts';

/** Changes that no caller waits for are written within this time. */
const LAZY_MS = 100;
/** So many changes are written in one step of the engine, which does nothing else meanwhile. */
const MOST_AT_ONCE = 256;
/** So many changes that no caller waits for are kept while the engine is down. Beyond it the oldest are dropped. */
const MOST_KEPT = 100_000;

export interface FleetJournalOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly sealer: RecordSealer;
  readonly telemetry: Telemetry;
  /** Names this server in the log: random for each start. */
  readonly writer: Buffer;
  /** How far this server has read the log. */
  readonly progress: Progress;
  readonly removals: RecentRemovals;
  /** The registration of a key from before the change that is being written. */
  readonly former: (tradePubkey: TradePubkey) => Registration | undefined;
  /** Called when the engine has not taken changes, so that the journal refuses all until {@link FleetJournal.accept}. */
  readonly onFailure: () => void;
}

/**
 * Writes changes of records to the engine, from where all servers of the fleet get them. Writing and reading take turns: while changes
 * are on their way to the engine, nothing is read from the log. So memory has the change before what came after it.
 *
 * A change is refused by the engine if another server has changed the same record since this server has read the log. Then the change is
 * undone in memory, and made again by its caller when memory has the other server's change.
 */
export class FleetJournal implements ChangeJournal {
  readonly #options: FleetJournalOptions;
  readonly #queue = new ChangeQueue();
  readonly #turns = new Turns();
  readonly #groups: GroupWriter;
  /** By field, the number of this server's last change that the log has not told yet. */
  readonly #own = new Map<string, number>();
  #isRefusing = true;
  /** The engine has lost changes once. From then on a later registration may be at another server, and come only after a renewal of the earlier one. */
  #isWeighed = false;
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;

  constructor(options: FleetJournalOptions) {
    this.#options = options;
    const { engine, names, sealer, writer } = options;
    this.#groups = new GroupWriter({ engine, names, sealer, writer });
  }

  get isRefusing(): boolean {
    return this.#isRefusing;
  }

  readonly hasFile = true;

  assertComplete(): void {
    if (!this.#isRefusing) return;
    this.#options.telemetry.count('store_refusals');
    throw new StoreUnavailable();
  }

  write(record: StoreRecord): void {
    this.#write(record, 'remove');
  }

  renew(registration: Registration): void {
    this.#write({ type: 'registered', registration }, 'remove', this.#isWeighed ? 'repeat' : 'renew');
  }

  /** Takes a registration that has expired out of the engine, unless another server has done so, or it was renewed. */
  expire(tradePubkey: TradePubkey): void {
    this.#write({ type: 'removed', tradePubkey }, 'expire');
  }

  /** The engine has lost a change: `repeat`: it has an earlier registration than this one; `outdate`: it has this one, which was removed. */
  amend(mode: 'repeat' | 'outdate', registration: Registration): void {
    this.#write({ type: 'registered', registration }, 'remove', mode);
  }

  #write(
    record: StoreRecord,
    removal: ChangeMode,
    put: ChangeMode = this.#isWeighed ? 'repeat' : 'put',
  ): void {
    for (const change of this.#changesOf(record, this.#options.progress.applied, removal, put)) {
      if (change.mode === 'remove') this.#options.removals.note(change.name);
      this.#queue.add({ changes: [change], waiter: undefined });
      if (this.#queue.size > MOST_KEPT && this.#queue.dropOldest())
        this.#options.telemetry.count('store_failures');
    }
    if (!this.#isRefusing) this.#timer ??= setTimeout(() => this.#flush(), LAZY_MS);
  }

  #changesOf(record: StoreRecord, base: number, removal: ChangeMode, put: ChangeMode): Change[] {
    return fieldsOf(record).map(({ subject, isRemoval }) => {
      const field = this.#options.names.field(subject);
      return { mode: isRemoval ? removal : put, field, name: field.toString('latin1'), record, base };
    });
  }

  async commit(records: readonly StoreRecord[], undo: Undo): Promise<void> {
    if (this.#isRefusing) undo();
    this.assertComplete();
    const base = this.#options.progress.applied;
    const changes = records.flatMap((record) => this.#changesOf(record, base, 'remove', 'put'));
    const durable = new Promise<void>((resolve, reject) => {
      this.#queue.add({ changes, waiter: { undo, resolve, reject } });
    });
    this.#flush();
    return durable;
  }

  /** Begins to take changes, and writes those that wait. */
  accept(): void {
    if (!this.#isRefusing) return;
    this.#isRefusing = false;
    this.#flush();
  }

  /** Takes no changes until {@link accept}. Those that callers wait for are undone. */
  refuse(): void {
    this.#isRefusing = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#giveUp([]);
  }

  /** Writes the changes that wait, and takes no more. */
  async end(): Promise<void> {
    while (!this.#isRefusing && this.#queue.size > 0) await this.exclusively(() => this.#send());
    await this.exclusively(async () => this.refuse());
  }

  /** Runs a task while nothing is written and nothing else is read. */
  exclusively<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#turns.run(task);
  }

  /**
   * The log, or the engine, tells of a change of the field. It must be applied unless this server made it, or has made a later one.
   * Changes that wait for being written, and were decided without it, are undone.
   *
   * @param isOwn whether this server wrote it
   */
  mayApply(field: string, number: number, isOwn: boolean): boolean {
    const own = this.#own.get(field);
    if (own !== undefined) {
      if (own === number) {
        this.#own.delete(field);
        // They were decided after it.
        this.#queue.raise(field, number);
      }
      if (own >= number) return false;
    }
    if (!this.#queue.touches(field)) return true;
    const lazy = this.#queue.lazyChangeOf(field);
    // It was written although no answer came, and memory has changed since.
    if (isOwn && lazy !== undefined) {
      lazy.base = number;
      return false;
    }
    this.#contest(this.#queue.takeTouching([field]), number);
    return true;
  }

  /** Whether a change of the field waits for being written. */
  isWaiting(field: string): boolean {
    return this.#queue.touches(field);
  }

  /** What the change of the field does that waits for being written, and no caller for it. */
  waitingMode(field: string): ChangeMode | undefined {
    return this.#queue.lazyChangeOf(field)?.mode;
  }

  /** Writes no changes of the field that wait: the engine has a later one. */
  abandon(field: string): void {
    this.#contest(this.#queue.takeTouching([field]), this.#options.progress.applied);
  }

  /** The engine has lost changes. What waits for being written is weighed by the other servers against what they have. */
  weigh(): void {
    this.#isWeighed = true;
    this.#own.clear();
    this.#queue.yieldToLater();
  }

  /** All records were read again, so that memory has every change up to this number. */
  forgetOwn(number: number): void {
    for (const [field, own] of this.#own) if (own <= number) this.#own.delete(field);
  }

  /** A field was read whose change waits here, and nobody for it. The change is to be written in place of what was read. @returns whether there is such a change */
  supersedes(field: string, version: number): boolean {
    const lazy = this.#queue.lazyChangeOf(field);
    if (lazy === undefined) return false;
    lazy.base = Math.max(lazy.base, version);
    return true;
  }

  /**
   * Gives fields that have none their records.
   *
   * @returns for each record whether the field got it now or had one. `behind`: neither, since the log has a removal that was not read yet
   * @throws EngineUnavailable
   */
  async restore(
    records: readonly { readonly record: StoreRecord; readonly subject: string }[],
  ): Promise<('restored' | 'known' | 'behind')[]> {
    return this.exclusively(async () => {
      const base = this.#options.progress.applied;
      const groups = records.map(({ record, subject }): ChangeGroup => {
        const field = this.#options.names.field(subject);
        return { changes: [{ mode: 'restore', field, name: '', record, base }], waiter: undefined };
      });
      const { verdicts } = await this.#groups.write(groups);
      return verdicts.map(([verdict]) => {
        if (verdict === 'needless') return 'known';
        return typeof verdict === 'number' ? 'restored' : 'behind';
      });
    });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isSending || this.#isRefusing || this.#queue.size === 0) return;
    this.#isSending = true;
    void this.exclusively(() => this.#send()).finally(() => {
      this.#isSending = false;
      this.#flush();
    });
  }

  async #send(): Promise<void> {
    if (this.#isRefusing) return;
    const { telemetry } = this.#options;
    const groups = this.#queue.take(MOST_AT_ONCE);
    for (const { changes } of groups)
      for (const change of changes) change.base = Math.max(change.base, this.#own.get(change.name) ?? 0);
    try {
      const { before, verdicts } = await this.#groups.write(groups);
      telemetry.count('store_commits');
      this.#settle(groups, verdicts, before);
    } catch {
      telemetry.count('store_failures');
      this.#isRefusing = true;
      this.#giveUp(groups);
      this.#options.onFailure();
    }
  }

  #settle(groups: readonly ChangeGroup[], verdicts: readonly (readonly Verdict[])[], before: number): void {
    const contested: ChangeGroup[] = [];
    for (const [n, group] of groups.entries()) {
      const all = verdicts[n] ?? [];
      if (all.includes('conflict')) contested.push(group);
      else {
        for (const [m, change] of group.changes.entries()) this.#noteWritten(change, all[m]);
        group.waiter?.resolve();
      }
    }
    if (contested.length === 0) return;
    const lost = contested.flatMap(({ changes }) => changes.map(({ name }) => name));
    this.#contest([...contested, ...this.#queue.takeTouching(lost)], before);
  }

  #noteWritten({ mode, name, record }: Change, verdict: Verdict | undefined): void {
    const { former, removals } = this.#options;
    if (typeof verdict !== 'number') return;
    this.#own.set(name, verdict);
    if (mode !== 'remove' && mode !== 'expire' && mode !== 'outdate') return removals.forget(name);
    const removed = record.type === 'removed' ? former(record.tradePubkey) : undefined;
    removals.note(name, removed?.registeredAt);
  }

  /** Undoes groups that other servers have come before. Their callers hear of it when the log was read up to that number. */
  #contest(groups: readonly ChangeGroup[], number: number): void {
    const waiters = groups.flatMap(({ waiter }) => (waiter === undefined ? [] : [waiter]));
    for (const { undo } of waiters.toReversed()) undo();
    if (waiters.length === 0) return;
    void this.#tell(waiters, number);
  }

  async #tell(waiters: readonly Waiter[], number: number): Promise<void> {
    const isReached = await this.#options.progress.reached(number);
    for (const { reject } of waiters) reject(isReached ? new ChangeConflict() : new StoreUnavailable());
  }

  /** The engine does not take changes. Those that callers wait for are undone, the others are kept. @param sent changes of which it is not known whether they were written */
  #giveUp(sent: readonly ChangeGroup[]): void {
    const all = [...sent, ...this.#queue.take(Infinity)];
    const lost = new Set<string>();
    const kept: ChangeGroup[] = [];
    const undone: ChangeGroup[] = [];
    for (const group of all) {
      const names = group.changes.map(({ name }) => name);
      if (group.waiter === undefined && !names.some((name) => lost.has(name))) kept.push(group);
      else {
        undone.push(group);
        for (const name of names) lost.add(name);
      }
    }
    this.#queue.giveBack(kept);
    const waiters = undone.flatMap(({ waiter }) => (waiter === undefined ? [] : [waiter]));
    for (const { undo } of waiters.toReversed()) undo();
    for (const { reject } of waiters) reject(new StoreUnavailable());
  }
}
