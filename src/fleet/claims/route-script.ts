import type { Script } from '../engine/engine.ts';

/**
 * Brings something to the server whose group it is: the one that has something open for the group, otherwise its owner.
 *
 * - key: the prefix
 * - arguments: this session; the life of a claim in milliseconds; the name of the group (16); the session that owns the group as far as
 *   this server knows; the name of the thing; and its sealed value, which is empty if this session has adopted the thing
 * - answer: `H` handed, `O` it is ours, `!` this session has died
 *
 * The name of a claim has 16 bytes; `o` and 16 bytes name an owed wake, `w` and 16 bytes a wake that answers no event.
 */
export const ROUTE: Script = {
  name: 'route',
  lua: `
local prefix, me, life, group, owner, name, value = KEYS[1], unpack(ARGV)
local function lives(session) return redis.call('EXISTS', prefix .. 'n:' .. session) == 1 end
if not lives(me) then return '!' end
local holder = redis.call('GETRANGE', prefix .. 'k:' .. group, 0, 7)
if holder ~= '' and (holder == me or lives(holder)) then owner = holder end
if owner == me or not lives(owner) then return 'O' end
if value == '' then
  local pending = prefix .. 'p:' .. me
  value = redis.call('HGET', pending, name)
  -- It was dealt with before.
  if not value then return 'H' end
  redis.call('HDEL', pending, name)
  if #name == 16 then redis.call('SET', prefix .. 'c:' .. name, owner .. 'H', 'PX', life) end
end
redis.call('XADD', prefix .. 'q:' .. owner, '*', name, value)
return 'H'
`,
};
