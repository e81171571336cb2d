import type { Script } from '../engine/engine.ts';

/**
 * Writes again that claims are done, because the engine may have forgotten it.
 *
 * - key: the prefix
 * - arguments: the life of a claim in milliseconds; the names of the claims (16 each)
 */
export const RESTORE: Script = {
  name: 'restore',
  lua: `
local prefix, life, names = KEYS[1], ARGV[1], ARGV[2]
for at = 1, #names, 16 do redis.call('SET', prefix .. 'c:' .. names:sub(at, at + 15), 'D', 'PX', life) end
`,
};
