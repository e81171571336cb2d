import type { Script } from '../engine/engine.ts';

/**
 * Takes over a part of what a dead session has left. Any number of servers may do so at once, and each of them may die over it: all that
 * is taken over lies with the session that has it.
 *
 * - key: the prefix
 * - arguments: this session; the dead session; about how many things; the life of a claim in milliseconds; where to go on, `0` at first
 * - answer: where to go on, or nothing if nothing is left; then the name and the sealed value of each thing that was pending. What lay in
 *   the dead session's inbox comes to this session's inbox
 */
export const ADOPT: Script = {
  name: 'adopt',
  lua: `
local prefix, me, dead, count, life, cursor = KEYS[1], unpack(ARGV)
if redis.call('EXISTS', prefix .. 'n:' .. me) == 0 or redis.call('EXISTS', prefix .. 'n:' .. dead) == 1 then
  return { '' }
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
local answer = { '' }
local mine, theirs = prefix .. 'p:' .. me, prefix .. 'p:' .. dead
local found
-- A part of the hash that was emptied before gives nothing.
repeat
  local scanned = redis.call('HSCAN', theirs, cursor, 'COUNT', count)
  cursor, found = scanned[1], scanned[2]
until #found > 0 or cursor == '0'
for index = 1, #found, 2 do
  local name, value = found[index], found[index + 1]
  local isWanted = true
  if #name == 16 then
    local claim = prefix .. 'c:' .. name
    isWanted = isFree(claim)
    if isWanted then redis.call('SET', claim, me .. 'H', 'PX', life) end
  end
  if isWanted then
    redis.call('HSETNX', mine, name, value)
    answer[#answer + 1] = name
    answer[#answer + 1] = value
  end
  redis.call('HDEL', theirs, name)
end
local inbox = prefix .. 'q:' .. dead
for _, entry in ipairs(redis.call('XRANGE', inbox, '-', '+', 'COUNT', count)) do
  local name, value = entry[2][1], entry[2][2]
  local isWanted = true
  if #name == 16 then
    local claim = prefix .. 'c:' .. name
    isWanted = isFree(claim)
    if isWanted then redis.call('SET', claim, me .. 'H', 'PX', life) end
  end
  if isWanted then redis.call('XADD', prefix .. 'q:' .. me, '*', name, value) end
  redis.call('XDEL', inbox, entry[1])
end
if redis.call('HLEN', theirs) > 0 or redis.call('XLEN', inbox) > 0 then answer[1] = cursor
else
  redis.call('DEL', inbox)
  redis.call('ZREM', members, dead)
end
return answer
`,
};
