import { setImmediate, setTimeout as delay } from 'node:timers/promises';

import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { StoreContents } from '../../store/contents/store-contents.ts';
import type { StoreRecord } from '../../store/file/store-record.ts';
import { EngineUnavailable, type Engine, type EngineLine } from '../engine/engine.ts';
import { SHARDS, type FleetNames } from '../engine/names.ts';
import { dropDamaged } from './drop-damaged.ts';
import type { FleetJournal } from './fleet-journal.ts';
import type { IllegibleValues } from './illegible-values.ts';
import { locateLog } from './locate-log.ts';
import type { Progress } from './progress.ts';
import { fieldsIn, type StoredField } from './read-shards.ts';
import type { RecordSealer } from './record-sealer.ts';
import { settleAbsent } from './settle-absent.ts';

/** One shard is looked at in this time, in milliseconds: all of them in 22 minutes. */
const PACE_MS = 5000;
/** Values that are opened before other work may run. */
const SLICE = 256;
/** How long a look for what the engine has lost waits after each two hundred records, in milliseconds: a million take 21 minutes. */
const UNHURRIED_MS = 250;

export interface ShardInspectorOptions {
  readonly contents: StoreContents;
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly sealer: RecordSealer;
  readonly journal: FleetJournal;
  readonly progress: Progress;
  /** Changes memory as another server has. */
  readonly accept: (record: StoreRecord) => void;
  readonly illegible: IllegibleValues;
  readonly telemetry: Telemetry;
}

/**
 * Compares memory with the engine, a little at a time, for as long as the server runs: so nothing that was damaged, lost or added in the
 * engine stays so. A value that cannot be read is replaced by the record that memory has, and a record that the engine has lost is
 * written again.
 */
export class ShardInspector {
  readonly #options: ShardInspectorOptions;
  readonly #paceMs: number;
  readonly #doubtful = new Set<number>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #line: EngineLine | undefined;
  #next = 0;

  /** @param paceMs replaced in tests */
  constructor(
    options: ShardInspectorOptions,
    { paceMs = PACE_MS }: { readonly paceMs?: number | undefined } = {},
  ) {
    this.#options = options;
    this.#paceMs = paceMs;
  }

  start(): void {
    this.#running ??= Promise.all([this.#inspectAll(), this.#seekLosses()]).then(
      () => undefined,
      () => undefined,
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#options.progress.interrupt();
    await this.#running;
    this.#line?.close();
  }

  /** Another server could not read a value of this shard: it comes next. */
  doubt(shard: number): void {
    this.#doubtful.add(shard);
  }

  /** Looks at one shard now. @throws EngineUnavailable, ScriptError */
  async inspect(shard: number): Promise<void> {
    const { engine, illegible, names, sealer } = this.#options;
    this.#line ??= await engine.openLine();
    const fields = fieldsIn(shard, await this.#line.call('HGETALL', names.shard(shard)));
    const damaged: StoredField[] = [];
    for (const [n, field] of fields.entries()) {
      if (n % SLICE === SLICE - 1) await setImmediate();
      const record = sealer.open(field.sealed, field.field);
      if (record === 'damaged') damaged.push(field);
      if (typeof record === 'string') illegible.note(record);
      else if (!this.#has(record)) await this.#adopt(field, record);
    }
    if (damaged.length === 0) return;
    await dropDamaged(engine, names, damaged);
    await this.#restoreIn(shard);
  }

  async #inspectAll(): Promise<void> {
    while (await this.#pause(this.#paceMs)) {
      const [doubtful] = this.#doubtful;
      const shard = doubtful ?? this.#next++ % SHARDS;
      this.#doubtful.delete(shard);
      await this.#whileOpen(async () => {
        await this.inspect(shard);
        // Drops what is old in the log, too.
        await locateLog(this.#options.engine, this.#options.names, {});
      });
    }
  }

  async #seekLosses(): Promise<void> {
    while (await this.#pause(this.#paceMs))
      await this.#whileOpen(() => this.#restore(() => true, UNHURRIED_MS));
  }

  /** An engine that is down, or a fault of its own, ends only this one look. */
  async #whileOpen(task: () => Promise<void>): Promise<void> {
    if (this.#options.journal.isRefusing) return;
    try {
      await task();
    } catch {
      this.#line?.close();
      this.#line = undefined;
    }
  }

  #has(record: StoreRecord): boolean {
    const { registrations } = this.#options.contents;
    return record.type !== 'registered' || registrations.mayContain(record.registration.tradePubkey);
  }

  /**
   * Takes a registration into memory that only the engine has. It may have been removed just now. One that is about to come by the log is left for
   * the next look: a stranger can write any number before a record, and nothing must wait for it.
   */
  async #adopt({ field, shard, value, version }: StoredField, record: StoreRecord): Promise<void> {
    const { accept, engine, journal, names, progress } = this.#options;
    if (version > progress.applied) return;
    await journal.exclusively(async () => {
      if (this.#has(record) || journal.isWaiting(field.toString('latin1'))) return;
      const now = await engine.call('HGET', names.shard(shard), field);
      if (Buffer.isBuffer(now) && now.equals(value)) accept(record);
    });
  }

  #restoreIn(shard: number): Promise<void> {
    const { names } = this.#options;
    return this.#restore((field) => names.shardOf(field) === shard, 0);
  }

  async #restore(isMeant: (field: Buffer) => boolean, waitMs: number): Promise<void> {
    const { contents, engine, journal, names, progress, telemetry } = this.#options;
    await settleAbsent('restore', {
      contents,
      engine,
      epoch: engine.epoch,
      names,
      journal,
      progress,
      telemetry,
      isMeant,
      onChange: () => undefined,
      turn: async () => {
        if (!(await this.#pause(waitMs))) throw new EngineUnavailable('the server stops');
      },
    });
  }

  /** @returns false at the stop */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#stopping;
    await delay(ms, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}
