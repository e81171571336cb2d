import type { EngineServer } from './redis-engine.ts';

/** What a stranger may put at a key: a command, and what follows on the key. One for each type of the engine. */
const COMMANDS = {
  string: ['SET', 'foreign'],
  number: ['SET', '7'],
  list: ['LPUSH', 'foreign'],
  set: ['SADD', 'foreign'],
  hash: ['HSET', 'foreign', 'foreign'],
  zset: ['ZADD', '1', 'foreign'],
  stream: ['XADD', '18446744073709551615-18446744073709551615', 'foreign', 'foreign'],
} as const satisfies Record<string, readonly [command: string, ...rest: string[]]>;

export type ForeignType = keyof typeof COMMANDS;

export const FOREIGN_TYPES = Object.keys(COMMANDS) as readonly ForeignType[];

/** A stranger replaces keys, all at the same moment. None of them expires. */
export async function replaceKeys(
  engine: EngineServer,
  keys: readonly (Buffer | string)[],
  type: ForeignType,
): Promise<void> {
  const [command, ...rest] = COMMANDS[type];
  const lua = `
for _, key in ipairs(KEYS) do
  redis.call('DEL', key)
  redis.call('${command}', key, unpack(ARGV))
end`;
  await engine.command('EVAL', lua, keys.length, ...keys, ...rest);
}
