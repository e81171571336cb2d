import type { StreamEntry } from '../engine/engine.ts';

/** A change that a server has written, as the log tells it. */
export interface LogEntry {
  readonly id: string;
  readonly number: number;
  readonly writer: Buffer;
  readonly field: Buffer;
  /** Seals what has changed: a removal, too. */
  readonly value: Buffer;
}

/** @returns `undefined` for an entry that is about something else, or is none of this program's */
export function readLogEntry({ fields, id }: StreamEntry): LogEntry | undefined {
  const [numberName, number, , writer, , field, , value] = fields;
  if (numberName?.toString('latin1') !== 'n' || writer === undefined || field === undefined) return undefined;
  const count = Number(String(number));
  if (value === undefined || !Number.isSafeInteger(count)) return undefined;
  return { id, number: count, writer, field, value };
}
