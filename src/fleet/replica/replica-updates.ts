import { setImmediate, setTimeout as delay } from 'node:timers/promises';

import { SECOND_MS } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { StoreContents } from '../../store/contents/store-contents.ts';
import { StoreOpenError } from '../../store/file/store-open-error.ts';
import type { RegistrationChange } from '../../store/tables/registration-change.ts';
import { EngineUnavailable, type Engine, type EngineRefused } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import type { FleetJournal } from './fleet-journal.ts';
import type { FleetLog } from './fleet-log.ts';
import type { IllegibleValues } from './illegible-values.ts';
import { isLater, locateLog, NO_ENTRY, type LogPosition } from './locate-log.ts';
import { doubtEntry } from './log-entry.ts';
import { RecordMerge, type MergeMode } from './merge-records.ts';
import type { Progress } from './progress.ts';
import { readShards } from './read-shards.ts';
import type { RecentRemovals } from './recent-removals.ts';
import type { RecordSealer } from './record-sealer.ts';
import { settleAbsent } from './settle-absent.ts';

const turn = (): Promise<void> => setImmediate();
/** Several servers may take a registration into the last free place at the same moment. */
const EXCESS = 1024;
/** When bringing memory up to date has failed, it is tried again after this time, in milliseconds. */
const RETRY_MS = SECOND_MS;

export interface ReplicaUpdatesOptions {
  readonly contents: StoreContents;
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly sealer: RecordSealer;
  readonly journal: FleetJournal;
  readonly log: FleetLog;
  readonly progress: Progress;
  readonly removals: RecentRemovals;
  readonly illegible: IllegibleValues;
  readonly telemetry: Telemetry;
  /** `MAX_REGISTRATIONS`. */
  readonly capacity: number;
  readonly onChange: (change: RegistrationChange) => void;
}

/** Brings memory up to date before changes are taken: at the start, whenever the engine is back, and when the log has a gap. */
export class ReplicaUpdates {
  /** Resolves at the first time that memory is up to date. Rejects if it never will be. */
  readonly opened: Promise<void>;
  #onOpened: (refusal?: StoreOpenError | EngineRefused) => void = () => undefined;
  readonly #options: ReplicaUpdatesOptions;
  readonly #stopping = new AbortController();
  /** The data of the engine when memory was up to date last. */
  #epoch: Buffer | undefined;
  #isFilled = false;
  /** Whether memory may have records of an update that gave up. The engine may have removed them since. */
  #hasBegun = false;
  /** How often an update was asked for. Each one gives up when another is asked for. */
  #asked = 0;
  #updating: Promise<void> | undefined;

  constructor(options: ReplicaUpdatesOptions) {
    this.#options = options;
    this.opened = new Promise((resolve, reject) => {
      this.#onOpened = (refusal) => (refusal === undefined ? resolve() : reject(refusal));
    });
    // It is awaited only while the store opens.
    this.opened.catch(() => undefined);
    options.engine.onUp(() => this.update());
    options.engine.onDown(() => this.interrupt());
  }

  /** Begins the first update, unless the engine has begun it by coming up. */
  open(): void {
    if (this.#asked === 0 && this.#options.engine.isUp) this.update();
  }

  /** This program cannot work with the engine. A server that has been up to date goes on waking without it. */
  refuse(refusal: EngineRefused): void {
    this.#onOpened(refusal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#options.progress.interrupt();
    await this.#updating;
  }

  /** The engine takes no changes, or no longer: none is taken until memory is up to date again. */
  interrupt(): void {
    const { engine, journal, log, progress, telemetry } = this.#options;
    if (!journal.isRefusing) telemetry.log('store.refusing', { reason: engine.problem ?? 'unknown' });
    this.#asked++;
    journal.refuse();
    log.pause();
    progress.interrupt();
    if (engine.isUp) this.#updateLater();
  }

  /** Begins an update. @param isBehind whether changes are missing that the log does not tell */
  update(isBehind = false): void {
    if (this.#stopping.signal.aborted) return;
    const { journal, log, progress } = this.#options;
    const asked = ++this.#asked;
    journal.refuse();
    log.pause();
    progress.interrupt();
    this.#updating = this.#after(this.#updating, asked, isBehind);
  }

  async #after(earlier: Promise<void> | undefined, asked: number, isBehind: boolean): Promise<void> {
    await earlier;
    if (asked !== this.#asked) return;
    try {
      await this.#bringUpToDate(asked, isBehind);
    } catch (error) {
      if (error instanceof StoreOpenError) return this.#onOpened(error);
      if (!(error instanceof EngineUnavailable)) this.#options.telemetry.count('store_failures');
      if (this.#options.engine.isUp) this.#updateLater();
    }
  }

  #updateLater(): void {
    const asked = this.#asked;
    void delay(RETRY_MS, undefined, { signal: this.#stopping.signal, ref: false }).then(
      () => asked === this.#asked && this.#options.engine.isUp && this.update(true),
      () => undefined,
    );
  }

  async #bringUpToDate(asked: number, isBehind: boolean): Promise<void> {
    const { engine, journal, log, names, progress, telemetry } = this.#options;
    // An update before this one may have given up after it had begun to follow the log.
    log.pause();
    const { after } = log;
    const { epoch } = engine;
    const position = await locateLog(engine, names, { after, known: progress.applied });
    const mode = this.#modeFor(position, isBehind);
    const damaged = new Set<number>();
    const mayHaveMore = mode === 'replace' || (mode === 'fill' && this.#hasBegun);
    this.#hasBegun = true;
    if (mode === undefined && after !== undefined) log.follow(after, progress.applied);
    else await this.#load(mode ?? 'fill', position, damaged);
    const { number } = await locateLog(engine, names, { known: progress.applied });
    // If another update was asked for meanwhile, the log is paused: memory would wait for ever.
    if (asked !== this.#asked || !(await progress.reached(number))) return;
    if (mayHaveMore) await this.#settle('drop', epoch);
    if (asked !== this.#asked) return;
    const isFirst = !this.#isFilled;
    this.#isFilled = true;
    this.#epoch = epoch;
    journal.accept();
    if (isFirst)
      telemetry.log('store.opened', { count: this.#options.contents.registrations.counts().total });
    else telemetry.log('store.recovered');
    this.#onOpened();
    if (mode === 'merge') await this.#settle('restore', epoch);
    for (const shard of damaged) await engine.call('XADD', names.log, '*', ...doubtEntry(shard));
  }

  /** How memory is brought up to date; `undefined` if the log tells all that is missing. */
  #modeFor({ first, isFound, number, told }: LogPosition, isBehind: boolean): MergeMode | undefined {
    if (!this.#isFilled) return 'fill';
    const { engine, log, progress } = this.#options;
    const hasItsData = this.#epoch !== undefined && engine.epoch.equals(this.#epoch);
    if (!hasItsData) return 'merge';
    const after = log.after ?? NO_ENTRY;
    // This server has read no entry yet: the log was empty.
    if (isFound || after === NO_ENTRY) {
      const isComplete = told === number || number === progress.applied;
      return isComplete && !isBehind ? undefined : 'merge';
    }
    return isLater(first, after) ? 'replace' : 'merge';
  }

  async #load(mode: MergeMode, position: LogPosition, damaged: Set<number>): Promise<void> {
    const { contents, engine, illegible, journal, log, names, onChange, removals, sealer } = this.#options;
    const merge = new RecordMerge(mode, {
      contents,
      journal,
      names,
      sealer,
      removals,
      onChange,
      onIllegible: (why, shard) => {
        illegible.note(why);
        if (why === 'damaged') damaged.add(shard);
      },
    });
    const line = await engine.openLine();
    try {
      await readShards(line, names, (field) => merge.take(field));
    } finally {
      line.close();
    }
    merge.end();
    this.#checkCapacity();
    if (mode === 'merge') journal.weigh();
    journal.forgetOwn(position.number);
    log.follow(position.last, position.number);
  }

  #checkCapacity(): void {
    const { capacity, contents } = this.#options;
    if (this.#isFilled || contents.registrations.counts().total <= capacity + EXCESS) return;
    throw new StoreOpenError(
      `MAX_REGISTRATIONS is ${capacity}, and the fleet holds more; give all of its servers the same number`,
      { isConfiguration: true },
    );
  }

  async #settle(how: 'restore' | 'drop', epoch: Buffer): Promise<void> {
    const { contents, engine, journal, names, onChange, progress, telemetry } = this.#options;
    await settleAbsent(how, { contents, engine, epoch, names, journal, progress, telemetry, onChange, turn });
  }
}
