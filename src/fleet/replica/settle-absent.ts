import { setImmediate } from 'node:timers/promises';

import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { StoreContents } from '../../store/contents/store-contents.ts';
import type { StoreRecord } from '../../store/file/store-record.ts';
import type { RegistrationChange } from '../../store/tables/registration-change.ts';
import type { Engine } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import { areAbsent } from './absent-fields.ts';
import type { FleetJournal } from './fleet-journal.ts';
import type { Progress } from './progress.ts';
import { fieldsOf, inverseOf } from './record-fields.ts';

/** Records that are looked up in one step of the engine. */
const AT_ONCE = 200;
/** Records that are passed over before other work may run. */
const SLICE = 512;
/** How often the restoring of a record is tried again because the log has removals that were not read yet. */
const MOST_TRIES = 10;

export interface SettleOptions {
  readonly contents: StoreContents;
  readonly engine: Engine;
  /** The epoch of the data that memory is compared with. */
  readonly epoch: Buffer;
  readonly names: FleetNames;
  readonly journal: FleetJournal;
  readonly progress: Progress;
  readonly telemetry: Telemetry;
  /** Whether the record of a field is looked for. */
  readonly isMeant?: (field: Buffer) => boolean;
  readonly onChange: (change: RegistrationChange) => void;
  /** Resolves when the next records may be looked up. */
  readonly turn: () => Promise<void>;
}

interface Kept {
  readonly record: StoreRecord;
  readonly subject: string;
  readonly field: Buffer;
}

/**
 * Looks for every record of memory that the engine has not.
 *
 * @param how `restore`: the engine gets it again; `drop`: it leaves memory
 * @returns how many there were
 * @throws EngineUnavailable, ScriptError
 */
export async function settleAbsent(how: 'restore' | 'drop', options: SettleOptions): Promise<number> {
  let count = 0;
  let batch: Kept[] = [];
  let looked = 0;
  const settle = async (): Promise<void> => {
    const absent = await absentOf(batch, options);
    batch = [];
    count += absent.length;
    if (absent.length > 0) await (how === 'restore' ? restore(absent, options) : drop(absent, options));
    await options.turn();
  };
  for (const record of options.contents.records()) {
    for (const { subject } of fieldsOf(record)) {
      const field = options.names.field(subject);
      if (options.isMeant === undefined || options.isMeant(field)) batch.push({ record, subject, field });
    }
    if (batch.length >= AT_ONCE) await settle();
    else if (++looked % SLICE === 0) await setImmediate();
  }
  if (batch.length > 0) await settle();
  return count;
}

async function absentOf(batch: readonly Kept[], { engine, epoch, names }: SettleOptions): Promise<Kept[]> {
  const answers = await areAbsent(
    engine,
    names,
    epoch,
    batch.map(({ field }) => field),
  );
  return batch.filter((_, n) => answers[n] === true);
}

async function restore(absent: readonly Kept[], options: SettleOptions): Promise<void> {
  const { contents, engine, journal, names, progress, telemetry } = options;
  let left = absent;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    // Memory may have changed since.
    const wanted = left.flatMap((one) => {
      const record = current(one.record, contents);
      return record === undefined ? [] : [{ ...one, record }];
    });
    const answers = await journal.restore(wanted);
    left = wanted.filter((_, n) => answers[n] === 'behind');
    if (left.length === 0) break;
    if (!(await progress.reached(Number(String(await engine.call('GET', names.sequence)))))) break;
  }
  // The next look for what the engine has lost finds them again.
  for (const _ of left) telemetry.count('store_failures');
}

/** What memory has of a record by now. */
function current(record: StoreRecord, { registrations }: StoreContents): StoreRecord | undefined {
  if (record.type !== 'registered') return record;
  const registration = registrations.current(record.registration.tradePubkey);
  return registration && { type: 'registered', registration };
}

async function drop(absent: readonly Kept[], { contents, journal, onChange }: SettleOptions): Promise<void> {
  await journal.exclusively(async () => {
    for (const { field, record } of absent) {
      const inverse = inverseOf(record);
      // What waits for being written is newer than what the engine has.
      if (inverse === undefined || journal.isWaiting(field.toString('latin1'))) continue;
      const change = contents.accept(inverse);
      if (change !== undefined) onChange(change);
    }
  });
}
