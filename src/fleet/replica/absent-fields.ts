import { EngineUnavailable, type Engine, type EngineArgument, type Script } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';

/**
 * Says which fields have no value.
 *
 * - keys: the marker of the database; what begins the names of the shards
 * - arguments: the epoch of the data; the shard and the name of each field
 * - answer: for each field 1 if it has none, else 0; nothing if the data has another epoch by now, since fields may have been lost
 */
export const FIND_ABSENT: Script = {
  name: 'find-absent',
  lua: `
local answer = {}
for n = 2, #ARGV, 2 do
  answer[#answer + 1] = redis.call('HGET', KEYS[2] .. ARGV[n], ARGV[n + 1]) and 0 or 1
end
return redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] and answer
`,
};

/** Whether each of the fields has no value in the data of this epoch. @throws EngineUnavailable, also if the data has another epoch; ScriptError */
export async function areAbsent(
  engine: Pick<Engine, 'run'>,
  names: FleetNames,
  epoch: Buffer,
  fields: readonly Buffer[],
): Promise<boolean[]> {
  const args: EngineArgument[] = fields.flatMap((field) => [names.shardOf(field), field]);
  const reply = await engine.run(FIND_ABSENT, [names.marker, names.shards], [epoch, ...args]);
  if (!Array.isArray(reply)) throw new EngineUnavailable('it has lost its data');
  return reply.map((answer) => answer === 1);
}
