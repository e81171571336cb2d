import type { EngineArgument, EngineReply, OnEntries, StreamEntry, StreamPlace } from './engine.ts';

/** How long a read waits for new entries, in milliseconds: the longest time until a stream that was added is read, too. */
export const READ_WAIT_MS = 100;
/** So many entries of each stream are read at once. */
export const MOST_ENTRIES = 500;

/** The arguments of an `XREAD` that waits. */
export function tailArguments(places: readonly StreamPlace[]): EngineArgument[] {
  return [
    'COUNT',
    MOST_ENTRIES,
    'BLOCK',
    READ_WAIT_MS,
    'STREAMS',
    ...places.map(({ key }) => key),
    ...places.map(({ after }) => after),
  ];
}

/** Hands over the answer of an `XREAD`: pairs of a stream's key and its entries, or nothing. */
export async function handOver(reply: EngineReply, onEntries: OnEntries): Promise<void> {
  for (const stream of listIn(reply)) {
    const [key, entries] = listIn(stream);
    if (!Buffer.isBuffer(key)) continue;
    await onEntries(key.toString('latin1'), listIn(entries).map(entryIn));
  }
}

function entryIn(reply: EngineReply): StreamEntry {
  const [id, fields] = listIn(reply);
  return { id: String(id), fields: listIn(fields).filter((field) => Buffer.isBuffer(field)) };
}

function listIn(reply: EngineReply | undefined): readonly EngineReply[] {
  return Array.isArray(reply) ? reply : [];
}
