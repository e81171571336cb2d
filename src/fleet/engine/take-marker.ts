import { randomBytes } from 'node:crypto';

import type { EngineReply, Script } from './engine.ts';
import { EngineRefused } from './engine-errors.ts';
import type { Forms } from './forms.ts';
import { NAME_BYTES } from './names.ts';

/** What the marker of the database says to the servers of its fleet. */
export interface Marker {
  /** The random id of the data. */
  readonly epoch: Buffer;
  /** The form in which servers write. */
  readonly form: number;
  /** How many keys were found foreign (`foreign-keys.ts`). */
  readonly foreign: number;
}

/**
 * Marks the database as this fleet's, unless it is marked; says that a server lives that reads no newer form, or raises the form if no such
 * server was heard of for a while. A server that knows the data gives it back what is damaged in its marker.
 *
 * - key: the marker
 * - arguments: the check of the server key; the oldest and the newest form that the caller reads; for how long a server that reads no newer
 *   form is heeded, in milliseconds; a random id for the data, if there is none; and the id and the form that the caller knows, empty at first,
 *   and the number of foreign keys that it knows
 * - answer: the check, the form and the id that the marker has, and its number of foreign keys
 */
export const TAKE_MARKER: Script = {
  name: 'take-marker',
  lua: `
local marker = KEYS[1]
local check, oldest, newest, hold, fresh, knownEpoch, knownForm, knownForeign = unpack(ARGV)
oldest, newest, hold = tonumber(oldest), tonumber(newest), tonumber(hold)
local kept = redis.pcall('HMGET', marker, 'check', 'form', 'epoch', 'hold', 'foreign')
local isKnown = knownEpoch ~= ''
if kept.err then
  if not isKnown then return kept end
  redis.call('DEL', marker)
  kept = {false, false, knownEpoch, false, tostring(knownForeign + 1)}
  redis.call('HSET', marker, 'epoch', knownEpoch, 'foreign', kept[5])
end
-- Another program's hash.
if not isKnown and not kept[1] and not kept[3] and redis.call('EXISTS', marker) == 1 then return {} end
isKnown = isKnown and kept[3] == knownEpoch
local function give(name, value)
  redis.call('HSET', marker, name, value)
  return value
end
local theirs = kept[1]
if not theirs or (isKnown and theirs ~= check) then theirs = give('check', check) end
if theirs ~= check then return {theirs, kept[2] or '', kept[3] or ''} end
local epoch = kept[3] or give('epoch', fresh)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local text = kept[2]
if not text or (isKnown and not text:find('^[1-9]%d?%d?$')) then
  text = give('form', knownForm ~= '' and knownForm or oldest)
end
local form, held = tonumber(text), tonumber(kept[4] or '')
if form and newest >= form then
  -- What is held for longer was written by another clock.
  if newest == form or not held or held > now + hold then give('hold', now + hold)
  elseif held <= now then
    text = give('form', form + 1)
    give('hold', now + hold)
  end
end
return {check, tostring(text), epoch, kept[5] or '0'}
`,
};

/** @param known what the marker said before */
export function markerArguments(
  check: Buffer,
  { holdMs, newest, oldest }: Forms,
  known: Marker | undefined,
): (Buffer | number | string)[] {
  const { epoch = '', foreign = 0, form = '' } = known ?? {};
  return [check, oldest, newest, holdMs, randomBytes(NAME_BYTES), epoch, form, foreign];
}

/** Reads the answer of {@link TAKE_MARKER}. @throws EngineRefused if the database is not this fleet's, or of a form that this version does not read */
export function readMarker(
  reply: EngineReply,
  { check, database, forms }: { readonly check: Buffer; readonly database: number; readonly forms: Forms },
): Marker {
  const [theirCheck, text, epoch, foreign] = Array.isArray(reply) ? (reply as readonly EngineReply[]) : [];
  if (!Buffer.isBuffer(theirCheck) || !Buffer.isBuffer(text) || !Buffer.isBuffer(epoch))
    throw new EngineRefused(`its database ${database} has a key "mp" that is not of this program`);
  if (!theirCheck.equals(check))
    throw new EngineRefused(
      `its database ${database} belongs to servers with another server key; give this server their key, or name another database in REDIS_URL`,
    );
  const form = /^\d{1,3}$/.test(text.toString('latin1')) ? Number(text.toString()) : NaN;
  if (form > forms.newest)
    throw new EngineRefused(
      `its database ${database} was written by a newer version of this program; run that version`,
    );
  if (form < forms.oldest)
    throw new EngineRefused(
      `its database ${database} was last used by a version of this program that is too old for this one; run a version between the two first`,
    );
  if (Number.isNaN(form))
    throw new EngineRefused(`its database ${database} has a key "mp" that is not of this program`);
  const count = String(foreign ?? '');
  return { epoch, form, foreign: /^\d{1,9}$/.test(count) ? Number(count) : 0 };
}

/** What the marker of the database said last. */
export class LastMarker {
  readonly #onForeign: ((count: number) => void) | undefined;
  #marker: Marker | undefined;

  /** @param onForeign called when the marker has counted foreign keys */
  constructor(onForeign: ((count: number) => void) | undefined) {
    this.#onForeign = onForeign;
  }

  /** Absent until it was heard. */
  get marker(): Marker | undefined {
    return this.#marker;
  }

  hear(marker: Marker | undefined): void {
    const [known, found] = [this.#marker?.foreign, marker?.foreign];
    this.#marker = marker;
    if (known === undefined || found === undefined || found === known) return;
    // The marker may have been lost, too. Then it counts from the beginning.
    this.#onForeign?.(found > known ? found - known : found);
  }
}
