import { randomBytes } from 'node:crypto';

import type { Clock } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { StoreContents } from '../../store/contents/store-contents.ts';
import type { StoreRecord } from '../../store/file/store-record.ts';
import type { RegistrationChange } from '../../store/tables/registration-change.ts';
import type { Engine, EngineRefused, StreamEntry, StreamPlace } from '../engine/engine.ts';
import { SESSION_BYTES, type FleetNames } from '../engine/names.ts';
import type { ValueSealer } from '../engine/value-sealer.ts';
import { addRecords } from './add-records.ts';
import { FleetJournal } from './fleet-journal.ts';
import { FleetLog } from './fleet-log.ts';
import { IllegibleValues } from './illegible-values.ts';
import { Progress } from './progress.ts';
import { RecentRemovals } from './recent-removals.ts';
import { RecordSealer } from './record-sealer.ts';
import { ReplicaUpdates } from './replica-updates.ts';
import { ShardInspector } from './shard-inspector.ts';

/** A registration's time to live has so many steps. By one of them it may live longer at other servers than at the one that has renewed it. */
const STEPS_OF_LIFE = 100;

export interface FleetStoreOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly values: ValueSealer;
  /** `MAX_REGISTRATIONS`. */
  readonly capacity: number;
  /** `TOKEN_TTL_HOURS` in milliseconds. Absent for a command: it renews nothing. */
  readonly ttlMs?: number | undefined;
  /** @see DurableProofsOptions.handlingMs */
  readonly handlingMs: number;
  readonly clock: Clock;
  readonly mayExpire?: (() => boolean) | undefined;
  readonly onDisplaced?: (() => void) | undefined;
  /** Called after a registration has changed because of another server. */
  readonly onRemote: (change: RegistrationChange) => void;
  readonly telemetry: Telemetry;
}

/** Replaced in tests. */
export interface FleetStoreSeams {
  /** The time in which one shard is compared with memory, in milliseconds. */
  readonly inspectMs?: number | undefined;
}

/**
 * What the servers of a fleet have in common: registrations, cohorts and proofs of life. Every server has all of it in memory, as with
 * `STORE=file`, and looks it up only there. The engine has a sealed copy, and a log from which each server gets the changes of the others.
 */
export class FleetStore {
  readonly contents: StoreContents;
  readonly #options: FleetStoreOptions;
  readonly #journal: FleetJournal;
  readonly #progress = new Progress();
  readonly #log: FleetLog;
  readonly #updates: ReplicaUpdates;
  readonly #inspector: ShardInspector;

  constructor(options: FleetStoreOptions, { inspectMs }: FleetStoreSeams = {}) {
    const { capacity, clock, engine, names, onRemote, telemetry, values } = options;
    this.#options = options;
    const [progress, removals] = [this.#progress, new RecentRemovals(clock)];
    const sealer = new RecordSealer(names, values);
    const [illegible, writer] = [new IllegibleValues(telemetry), randomBytes(SESSION_BYTES)];
    const journal = new FleetJournal({
      engine,
      names,
      sealer,
      telemetry,
      writer,
      progress,
      removals,
      former: (key) => this.contents.registrations.former(key),
      onFailure: () => this.#updates.interrupt(),
    });
    const contents = createContents(options, journal);
    const log = new FleetLog({
      names,
      sealer,
      journal,
      progress,
      removals,
      writer,
      contents,
      onChange: onRemote,
      illegible,
      onDoubt: (shard) => this.#inspector.doubt(shard),
      onGap: () => this.#updates.update(true),
    });
    [this.contents, this.#journal, this.#log] = [contents, journal, log];
    const accept = (record: StoreRecord): void => this.#accept(record);
    const inspected = { contents, engine, names, sealer, journal, progress, accept, illegible, telemetry };
    this.#inspector = new ShardInspector(inspected, { paceMs: inspectMs });
    this.#updates = new ReplicaUpdates({
      contents,
      engine,
      names,
      sealer,
      journal,
      log,
      progress,
      removals,
      illegible,
      telemetry,
      capacity,
      onChange: onRemote,
    });
  }

  /** Whether changes can be kept at this moment. */
  get isOpen(): boolean {
    return !this.#journal.isRefusing;
  }

  /** Whether memory has every registration that another server knew when it wrote what was read together with the log. */
  get isCurrent(): boolean {
    return this.isOpen && !this.#log.isBehind;
  }

  /** The streams that this store reads, for `Engine.tail`. */
  streams(): readonly StreamPlace[] {
    const place = this.#log.next();
    return place === undefined ? [] : [place];
  }

  /** Takes entries of its streams. */
  async onEntries(key: string, entries: readonly StreamEntry[]): Promise<void> {
    if (key === this.#options.names.log) await this.#log.read(entries);
  }

  /**
   * Reads all records into memory. For as long as the engine is down, it waits.
   *
   * @throws StoreOpenError; EngineRefused, if {@link refuse} is called before memory has all records
   */
  async open(): Promise<void> {
    this.#updates.open();
    await this.#updates.opened;
    this.#inspector.start();
  }

  /** This program cannot work with the engine. */
  refuse(refusal: EngineRefused): void {
    this.#updates.refuse(refusal);
  }

  /**
   * Gives the fleet records that it does not have.
   *
   * @returns how many of them it had not @throws EngineUnavailable, ScriptError
   */
  add(records: Iterable<StoreRecord>): Promise<number> {
    return addRecords(records, this.#journal, this.#progress);
  }

  /** Writes the changes that wait, if the engine takes them. */
  async close(): Promise<void> {
    await this.#inspector.stop();
    await this.#journal.end();
    await this.#updates.stop();
  }

  #accept(record: StoreRecord): void {
    const change = this.contents.accept(record);
    if (change !== undefined) this.#options.onRemote(change);
  }
}

function createContents(
  { capacity, clock, handlingMs, mayExpire, names, onDisplaced, ttlMs }: FleetStoreOptions,
  journal: FleetJournal,
): StoreContents {
  return new StoreContents({
    capacity,
    keeps: 'fleet',
    handlingMs,
    clock,
    mayExpire,
    onDisplaced,
    journal,
    renewalStepMs: ttlMs === undefined ? undefined : ttlMs / STEPS_OF_LIFE,
    lotOf: (device) => names.lot(device),
    onExpired: (key) => journal.expire(key),
    onGarbage: () => undefined,
    onSwept: () => undefined,
  });
}
