import type { Script } from '../engine/engine.ts';
import { LEASE_LUA } from './lease-lua.ts';

/**
 * Moves a part of what a dead session has left to the inbox of this session. Any number of servers may do so at once, and each of them may
 * die meanwhile, or never hear the answer: a claim that was moved lies in an inbox, and the servers read every inbox.
 *
 * - key: the prefix
 * - arguments: this session; the dead session; about how many things; the life of a claim in milliseconds; where to go on, `0` at first
 * - answer: where to go on, or nothing if nothing is left; how many things were moved
 *
 * A thing that was pending has a third field in the inbox: it may belong to another server. For an owed wake a fourth
 * has what runs for its device, as after `W` of a claim.
 */
export const ADOPT: Script = {
  name: 'adopt',
  lua: `${LEASE_LUA}
local prefix, me, dead, count, life, cursor = KEYS[1], unpack(ARGV)
if redis.call('EXISTS', prefix .. 'n:' .. me) == 0 or redis.call('EXISTS', prefix .. 'n:' .. dead) == 1 then
  return { '', 0 }
end
local members = prefix .. 'm'
-- From now on the dead session cannot come back: it takes another id.
if redis.call('ZSCORE', members, dead) then redis.call('ZADD', members, -1, dead) end
local function isFree(claim)
  local standing = redis.call('GET', claim)
  if not standing then return true end
  if standing == 'D' then return false end
  local session = standing:sub(1, 8)
  return session == dead or redis.call('EXISTS', prefix .. 'n:' .. session) == 0
end
local mine, moved = prefix .. 'q:' .. me, 0
local function move(name, value, ...)
  if #name == 16 then
    local claim = prefix .. 'c:' .. name
    if not isFree(claim) then return end
    redis.call('SET', claim, me .. 'H', 'PX', life)
  end
  redis.call('XADD', mine, '*', name, value, ...)
  moved = moved + 1
end
local theirs, found = prefix .. 'p:' .. dead
-- A part of the hash that was emptied before gives nothing.
repeat
  local scanned = redis.call('HSCAN', theirs, cursor, 'COUNT', count)
  cursor, found = scanned[1], scanned[2]
until #found > 0 or cursor == '0'
for index = 1, #found, 2 do
  local name = found[index]
  local lease = #name == 17 and redis.call('GET', prefix .. 'k:' .. name:sub(2))
  move(name, found[index + 1], 'a', lease and left(windowsIn(lease)) or '')
  redis.call('HDEL', theirs, found[index])
end
local inbox = prefix .. 'q:' .. dead
for _, entry in ipairs(redis.call('XRANGE', inbox, '-', '+', 'COUNT', count)) do
  move(unpack(entry[2]))
  redis.call('XDEL', inbox, entry[1])
end
if redis.call('HLEN', theirs) > 0 or redis.call('XLEN', inbox) > 0 then return { cursor, moved } end
redis.call('DEL', inbox)
redis.call('ZREM', members, dead)
return { '', moved }
`,
};
