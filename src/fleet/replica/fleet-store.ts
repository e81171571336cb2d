import { randomBytes } from 'node:crypto';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';

import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { StoreContents } from '../../store/contents/store-contents.ts';
import { StoreOpenError } from '../../store/file/store-open-error.ts';
import type { StoreRecord } from '../../store/file/store-record.ts';
import type { RegistrationChange } from '../../store/tables/memory-registrations.ts';
import { EngineUnavailable, type Engine, type StreamEntry, type StreamPlace } from '../engine/engine.ts';
import { SESSION_BYTES, type FleetNames } from '../engine/names.ts';
import type { ValueSealer } from '../engine/value-sealer.ts';
import { FleetJournal } from './fleet-journal.ts';
import { FleetLog } from './fleet-log.ts';
import { isLater, locateLog, type LogPosition } from './locate-log.ts';
import { RecordMerge, type MergeMode } from './merge-records.ts';
import { Progress } from './progress.ts';
import { readShards } from './read-shards.ts';
import { RecentRemovals } from './recent-removals.ts';
import { RecordSealer, type Illegible } from './record-sealer.ts';
import { settleAbsent } from './settle-absent.ts';

/** What is before the first entry of a log. */
const NO_ENTRY = '0-0';
/** Several servers may take a registration into the last free place at the same moment. */
const EXCESS = 1024;
/** When bringing memory up to date has failed, it is tried again after this time, in milliseconds. */
const RETRY_MS = SECOND_MS;

export interface FleetStoreOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly values: ValueSealer;
  /** `MAX_REGISTRATIONS`. */
  readonly capacity: number;
  /** @see DurableProofsOptions.handlingMs */
  readonly handlingMs: number;
  readonly clock: Clock;
  readonly mayExpire?: (() => boolean) | undefined;
  readonly onDisplaced?: (() => void) | undefined;
  /** Called after a registration has changed because of another server. */
  readonly onRemote: (change: RegistrationChange) => void;
  readonly telemetry: Telemetry;
}

/**
 * What the servers of a fleet have in common: registrations, cohorts and proofs of life. Every server has all of it in memory, as with
 * `STORE=file`, and looks it up only there. The engine has a sealed copy, and a log from which each server gets the changes of the others.
 *
 * Memory is brought up to date before changes are taken: at the start, and whenever the engine is back.
 */
export class FleetStore {
  readonly contents: StoreContents;
  readonly #options: FleetStoreOptions;
  readonly #sealer: RecordSealer;
  readonly #journal: FleetJournal;
  readonly #log: FleetLog;
  readonly #progress = new Progress();
  readonly #removals = new RecentRemovals();
  readonly #stopping = new AbortController();
  readonly #opened: Promise<void>;
  #onOpened: (refusal?: StoreOpenError) => void = () => undefined;
  readonly #illegible = new Map<Illegible, number>();
  #epoch: Buffer | undefined;
  #isFilled = false;
  /** What was asked for last: bringing memory up to date for an earlier reason is given up. */
  #asked = 0;
  #updating: Promise<void> | undefined;

  constructor(options: FleetStoreOptions) {
    const { capacity, clock, engine, handlingMs, mayExpire, names, onDisplaced, telemetry, values } = options;
    this.#options = options;
    this.#opened = new Promise((resolve, reject) => {
      this.#onOpened = (refusal) => (refusal === undefined ? resolve() : reject(refusal));
    });
    this.#opened.catch(() => undefined);
    this.#sealer = new RecordSealer(names, values);
    const writer = randomBytes(SESSION_BYTES);
    const [progress, removals, sealer] = [this.#progress, this.#removals, this.#sealer];
    this.#journal = new FleetJournal({
      engine,
      names,
      sealer,
      telemetry,
      writer,
      progress,
      removals,
      onFailure: () => this.#interrupt(),
    });
    this.#log = new FleetLog({
      names,
      sealer,
      journal: this.#journal,
      progress,
      removals,
      writer,
      accept: (record) => this.#accept(record),
      onIllegible: (why) => this.#noteIllegible(why),
      onGap: () => this.#update(true),
    });
    this.contents = new StoreContents({
      capacity,
      keeps: 'fleet',
      handlingMs,
      clock,
      mayExpire,
      onDisplaced,
      journal: this.#journal,
      onExpired: (key) => this.#journal.expire(key),
      onGarbage: () => undefined,
      onSwept: () => undefined,
    });
    engine.onUp(() => this.#update(false));
    engine.onDown(() => this.#interrupt());
  }

  /** Whether changes can be kept at this moment. */
  get isOpen(): boolean {
    return !this.#journal.isRefusing;
  }

  /** The streams that this store reads, for `Engine.tail`. */
  streams(): readonly StreamPlace[] {
    const { place } = this.#log;
    return place === undefined ? [] : [place];
  }

  /** Takes entries of its streams. */
  async onEntries(key: string, entries: readonly StreamEntry[]): Promise<void> {
    if (key === this.#options.names.log) await this.#log.read(entries);
  }

  /**
   * Reads all records into memory. For as long as the engine is down, it waits.
   *
   * @throws StoreOpenError
   */
  async open(): Promise<void> {
    if (this.#options.engine.isUp) this.#update(false);
    await this.#opened;
  }

  /** Writes the changes that wait, if the engine takes them. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#journal.end();
    this.#progress.interrupt();
    await this.#updating;
  }

  #accept(record: StoreRecord): void {
    const change = this.contents.accept(record);
    if (change !== undefined) this.#options.onRemote(change);
  }

  #interrupt(): void {
    const { engine, telemetry } = this.#options;
    if (this.isOpen) telemetry.log('store.refusing', { reason: engine.problem ?? 'unknown' });
    this.#journal.refuse();
    this.#log.pause();
    this.#progress.interrupt();
    if (engine.isUp) this.#updateLater();
  }

  #updateLater(): void {
    void delay(RETRY_MS, undefined, { signal: this.#stopping.signal, ref: false }).then(
      () => this.#options.engine.isUp && !this.isOpen && this.#update(true),
      () => undefined,
    );
  }

  /** Brings memory up to date, and then takes changes. @param isBehind whether changes are missing that the log does not tell */
  #update(isBehind: boolean): void {
    if (this.#stopping.signal.aborted) return;
    const asked = ++this.#asked;
    this.#journal.refuse();
    this.#log.pause();
    this.#progress.interrupt();
    const earlier = this.#updating;
    this.#updating = (async () => {
      await earlier;
      if (asked === this.#asked) await this.#bringUpToDate(isBehind, () => asked === this.#asked);
    })().catch((error: unknown) => {
      if (error instanceof StoreOpenError) return this.#onOpened(error);
      if (!(error instanceof EngineUnavailable)) this.#options.telemetry.count('store_failures');
      if (this.#options.engine.isUp) this.#updateLater();
    });
  }

  /** @param isWanted whether nothing has happened since that asks for more */
  async #bringUpToDate(isBehind: boolean, isWanted: () => boolean): Promise<void> {
    const { engine, names, telemetry } = this.#options;
    const after = this.#log.after;
    const position = await locateLog(engine, names, { after, known: this.#progress.applied });
    const mode = this.#modeFor(position, isBehind);
    if (mode === undefined && after !== undefined) this.#log.follow(after, this.#progress.applied);
    else await this.#load(mode ?? 'fill', position);
    this.#epoch = engine.epoch;
    const { number } = await locateLog(engine, names, { known: this.#progress.applied });
    if (!(await this.#progress.reached(number))) return;
    if (mode === 'replace') await this.#settle('drop');
    if (!isWanted()) return;
    const isFirst = !this.#isFilled;
    this.#isFilled = true;
    this.#journal.accept();
    if (isFirst) telemetry.log('store.opened', { count: this.contents.registrations.counts().total });
    else telemetry.log('store.recovered');
    this.#onOpened();
    if (mode === 'merge') await this.#settle('restore');
  }

  /** How memory is brought up to date; `undefined` if the log tells all that is missing. */
  #modeFor({ first, isFound, number, told }: LogPosition, isBehind: boolean): MergeMode | undefined {
    if (!this.#isFilled) return 'fill';
    const after = this.#log.after ?? NO_ENTRY;
    const hasItsData = this.#epoch !== undefined && this.#options.engine.epoch.equals(this.#epoch);
    if (!hasItsData || isBehind) return 'merge';
    const isComplete = told === number || number === this.#progress.applied;
    // This server has read no entry yet: the log was empty.
    if (isFound || after === NO_ENTRY) return isComplete ? undefined : 'merge';
    return isLater(first, after) ? 'replace' : 'merge';
  }

  async #load(mode: MergeMode, position: LogPosition): Promise<void> {
    const { engine, names, onRemote } = this.#options;
    const merge = new RecordMerge(mode, {
      contents: this.contents,
      journal: this.#journal,
      names,
      sealer: this.#sealer,
      removals: this.#removals,
      onChange: onRemote,
      onIllegible: (why) => this.#noteIllegible(why),
    });
    const line = await engine.openLine();
    try {
      await readShards(line, names, (field) => merge.take(field));
    } finally {
      line.close();
    }
    merge.end();
    this.#checkCapacity();
    this.#journal.forgetOwn(position.number);
    this.#log.follow(position.last, position.number);
  }

  #checkCapacity(): void {
    const { capacity } = this.#options;
    if (this.#isFilled || this.contents.registrations.counts().total <= capacity + EXCESS) return;
    throw new StoreOpenError(
      `MAX_REGISTRATIONS is ${capacity}, and the fleet holds more; give all of its servers the same number`,
      { isConfiguration: true },
    );
  }

  async #settle(how: 'restore' | 'drop'): Promise<void> {
    const { engine, names, onRemote } = this.#options;
    await settleAbsent(how, {
      contents: this.contents,
      engine,
      names,
      journal: this.#journal,
      progress: this.#progress,
      onChange: onRemote,
      turn: () => setImmediate(),
    });
  }

  #noteIllegible(why: Illegible): void {
    this.#illegible.set(why, (this.#illegible.get(why) ?? 0) + 1);
  }
}
