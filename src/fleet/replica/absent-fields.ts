import type { Engine, EngineArgument, Script } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';

/**
 * Says which fields have no value.
 *
 * - key: what begins the names of the shards
 * - arguments: the shard and the name of each field
 * - answer: for each field 1 if it has none, else 0
 */
export const FIND_ABSENT: Script = {
  name: 'find-absent',
  lua: `
local answer = {}
for n = 1, #ARGV, 2 do
  answer[#answer + 1] = redis.call('HGET', KEYS[1] .. ARGV[n], ARGV[n + 1]) and 0 or 1
end
return answer
`,
};

/** Whether each of the fields has no value. @throws EngineUnavailable, ScriptError */
export async function areAbsent(
  engine: Pick<Engine, 'run'>,
  names: FleetNames,
  fields: readonly Buffer[],
): Promise<boolean[]> {
  const args: EngineArgument[] = fields.flatMap((field) => [names.shardOf(field), field]);
  const reply = await engine.run(FIND_ABSENT, [names.shards], args);
  return Array.isArray(reply) ? reply.map((answer) => answer === 1) : [];
}
