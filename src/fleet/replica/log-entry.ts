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

/** Renewals that a server has written together. */
export interface RenewalsEntry {
  readonly id: string;
  /** The number of the first one that was written. The others follow. */
  readonly first: number;
  readonly writer: Buffer;
  /** Which of the renewals in the value were written, by their places in it. */
  readonly written: readonly number[];
  /** Seals the renewals. */
  readonly value: Buffer;
}

/** @returns `undefined` for an entry that is about something else, or is none of this program's */
export function readLogEntry({ fields, id }: StreamEntry): LogEntry | undefined {
  const [numberName, number, , writer, fieldName, field, , value, , mode] = fields;
  if (numberName?.toString('latin1') !== 'n' || fieldName?.toString('latin1') !== 'f') return undefined;
  if (writer === undefined || field === undefined) return undefined;
  const count = Number(String(number));
  if (value === undefined || !Number.isSafeInteger(count)) return undefined;
  const does = mode?.toString('latin1');
  const isRepeated = does === 'restore' || does === 'repeat';
  return { id, number: count, writer, field, value, isRepeated, isOutdated: does === 'outdate' };
}

/** @returns `undefined` for any other entry */
export function readRenewalsEntry({ fields, id }: StreamEntry): RenewalsEntry | undefined {
  const [numberName, number, , writer, placesName, places, , value] = fields;
  if (numberName?.toString('latin1') !== 'n' || placesName?.toString('latin1') !== 'r') return undefined;
  const first = Number(String(number));
  if (writer === undefined || places === undefined || value === undefined || !Number.isSafeInteger(first))
    return undefined;
  const written: number[] = [];
  for (let at = 0; at + 1 < places.length; at += 2) written.push(places.readUInt16BE(at));
  return { id, first, writer, written, value };
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
