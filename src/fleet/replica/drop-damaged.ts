import type { Engine, Script } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import type { StoredField } from './read-shards.ts';

/**
 * Removes values that cannot be read, if they are still the same, and if no newer form has begun: a server that stood still for long must not
 * take for damaged what is new.
 *
 * - keys: the marker of the database; what begins the names of the shards
 * - arguments: the form that the caller knows; then the shard, the field and the value of each
 * - answer: how many were removed
 */
export const DROP_DAMAGED: Script = {
  name: 'drop-damaged',
  lua: `
local count = 0
if redis.call('HGET', KEYS[1], 'form') ~= ARGV[1] then return count end
for n = 2, #ARGV, 3 do
  local key, field = KEYS[2] .. ARGV[n], ARGV[n + 1]
  if redis.call('HGET', key, field) == ARGV[n + 2] then count = count + redis.call('HDEL', key, field) end
end
return count
`,
};

/** @throws EngineUnavailable, ScriptError */
export async function dropDamaged(
  engine: Pick<Engine, 'form' | 'run'>,
  names: FleetNames,
  fields: readonly StoredField[],
): Promise<void> {
  const args = fields.flatMap(({ field, shard, value }) => [shard, field, value]);
  await engine.run(DROP_DAMAGED, [names.marker, names.shards], [engine.form, ...args]);
}
