import type { StreamEntry } from '../engine/engine.ts';
import { SHARDS } from '../engine/names.ts';

/** A change that a server has written, as the log tells it. */
export interface LogEntry {
  readonly id: string;
  readonly number: number;
  readonly writer: Buffer;
  readonly field: Buffer;
  /** Seals what has changed: a removal, too. */
  readonly value: Buffer;
  /** Whether the engine had lost records, and a server has told it what it had: maybe not the latest. */
  readonly isRepeated: boolean;
  /** Whether the registration that the value seals, or an earlier one, is to be removed. */
  readonly isOutdated: boolean;
}

/** @returns `undefined` for an entry that is about something else, or is none of this program's */
export function readLogEntry({ fields, id }: StreamEntry): LogEntry | undefined {
  const [numberName, number, , writer, , field, , value, , mode] = fields;
  if (numberName?.toString('latin1') !== 'n' || writer === undefined || field === undefined) return undefined;
  const count = Number(String(number));
  if (value === undefined || !Number.isSafeInteger(count)) return undefined;
  const does = mode?.toString('latin1');
  const isRepeated = does === 'restore' || does === 'repeat';
  return { id, number: count, writer, field, value, isRepeated, isOutdated: does === 'outdate' };
}

/** Tells the other servers that this one could not read values of a shard. @returns the fields of the log's entry */
export function doubtEntry(shard: number): [string, number] {
  return ['shard', shard];
}

/** @returns the shard that an entry is about, if it is a {@link doubtEntry} */
export function readDoubt({ fields: [name, value] }: StreamEntry): number | undefined {
  const shard = Number(String(value));
  return name?.toString('latin1') === 'shard' && Number.isInteger(shard) && shard >= 0 && shard < SHARDS
    ? shard
    : undefined;
}
