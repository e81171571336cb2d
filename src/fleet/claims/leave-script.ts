import type { Script } from '../engine/engine.ts';

/**
 * A session ends. The others adopt at once what it leaves.
 *
 * - key: the prefix
 * - argument: the session
 */
export const LEAVE: Script = {
  name: 'leave',
  lua: `
local prefix, me = KEYS[1], ARGV[1]
redis.call('DEL', prefix .. 'n:' .. me)
if redis.call('HLEN', prefix .. 'p:' .. me) + redis.call('XLEN', prefix .. 'q:' .. me) == 0 then
  redis.call('DEL', prefix .. 'q:' .. me)
end
if redis.call('ZSCORE', prefix .. 'm', me) then redis.call('ZADD', prefix .. 'm', -2, me) end
`,
};
