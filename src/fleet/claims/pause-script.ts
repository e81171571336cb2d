import type { Script } from '../engine/engine.ts';

/**
 * Tells all other servers, also those that start later, that a lane pauses. The longest pause counts.
 *
 * - key: the prefix
 * - arguments: this session; the name of the lane, `z` and 16 bytes; for how long from now on, in milliseconds; the sealed name of its push
 *   server
 *
 * In an inbox, the pause is its milliseconds (4), and the sealed name.
 */
export const PAUSE: Script = {
  name: 'pause',
  lua: `
local prefix, me, name, ms, lane = KEYS[1], unpack(ARGV)
local time = redis.call('TIME')
local till = time[1] * 1000 + math.floor(time[2] / 1000) + ms
local pauses = prefix .. 'z'
local known = redis.call('HGET', pauses, name)
if known and #known > 5 and struct.unpack('>I6', known) >= till then return end
redis.call('HSET', pauses, name, struct.pack('>I6', till) .. lane)
for _, session in ipairs(redis.call('ZRANGE', prefix .. 'm', 0, -1)) do
  if session ~= me and redis.call('EXISTS', prefix .. 'n:' .. session) == 1 then
    redis.call('XADD', prefix .. 'q:' .. session, '*', name, struct.pack('>I4', ms) .. lane)
  end
end
`,
};
