import { setImmediate } from 'node:timers/promises';

import { SHARDS, type FleetNames } from '../engine/names.ts';
import type { EngineReply } from '../engine/engine.ts';
import type { EngineLine } from '../engine/engine.ts';

/** Shards that are read at the same time. */
const AT_ONCE = 8;
/** Values that are handled before other work may run: a few milliseconds. */
const SLICE = 256;
/** The bytes of a version, before the sealed record. */
export const VERSION_BYTES = 6;

/** A field of the engine, as it was read. */
export interface StoredField {
  readonly shard: number;
  readonly field: Buffer;
  /** The number of the change that wrote it. */
  readonly version: number;
  readonly sealed: Buffer;
  /** Version and sealed record. */
  readonly value: Buffer;
}

/** Reads all fields of all shards. @throws EngineUnavailable, ScriptError */
export async function readShards(
  line: Pick<EngineLine, 'call'>,
  names: FleetNames,
  onField: (field: StoredField) => void,
): Promise<void> {
  let next = 0;
  const readOn = async (): Promise<void> => {
    while (next < SHARDS) {
      const shard = next++;
      const fields = fieldsIn(shard, await line.call('HGETALL', names.shard(shard)));
      for (const [n, field] of fields.entries()) {
        onField(field);
        if (n % SLICE === SLICE - 1) await setImmediate();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readOn));
}

/** Reads the answer to `HGETALL`. */
export function fieldsIn(shard: number, reply: EngineReply): StoredField[] {
  const fields: StoredField[] = [];
  const all = Array.isArray(reply) ? (reply as readonly EngineReply[]) : [];
  for (let n = 0; n + 1 < all.length; n += 2) {
    const [field, value] = [all[n], all[n + 1]];
    if (!Buffer.isBuffer(field) || !Buffer.isBuffer(value)) continue;
    const version = value.length < VERSION_BYTES ? 0 : value.readUIntBE(0, VERSION_BYTES);
    fields.push({ shard, field, version, sealed: value.subarray(VERSION_BYTES), value });
  }
  return fields;
}
