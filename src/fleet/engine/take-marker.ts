import type { EngineReply, Script } from './engine.ts';
import { EngineRefused } from './engine-errors.ts';

/** The form of everything that this version keeps in the engine. */
const FORM = '1';

/**
 * Marks the database as this fleet's, unless it is marked.
 *
 * - key: the marker
 * - arguments: the check of the server key; the form; a random id for the data, if there is none
 * - answer: the check, the form and the id that the marker has
 */
export const TAKE_MARKER: Script = {
  name: 'take-marker',
  lua: `
redis.call('HSETNX', KEYS[1], 'check', ARGV[1])
redis.call('HSETNX', KEYS[1], 'form', ARGV[2])
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[3])
return redis.call('HMGET', KEYS[1], 'check', 'form', 'epoch')
`,
};

export function markerArguments(check: Buffer, epoch: Buffer): Buffer[] {
  return [check, Buffer.from(FORM), epoch];
}

/** Reads the answer of {@link TAKE_MARKER}. @returns the id of the data @throws EngineRefused if the database is not this fleet's */
export function readMarker(reply: EngineReply, check: Buffer, database: number): Buffer {
  const [theirCheck, form, epoch] = Array.isArray(reply) ? reply : [];
  if (!Buffer.isBuffer(theirCheck) || !Buffer.isBuffer(form) || !Buffer.isBuffer(epoch))
    throw new EngineRefused(`its database ${database} has a key "mp" that is not of this program`);
  if (!theirCheck.equals(check))
    throw new EngineRefused(
      `its database ${database} belongs to servers with another server key; give this server their key, or name another database in REDIS_URL`,
    );
  if (form.toString() !== FORM)
    throw new EngineRefused(
      `its database ${database} was written by a newer version of this program; run that version`,
    );
  return epoch;
}
