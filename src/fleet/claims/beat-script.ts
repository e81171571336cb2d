import { HOUR_MS, SECOND_MS } from '../../core/basics/clock.ts';
import type { Script } from '../engine/engine.ts';

/** A sign of life ends with the lease that the last beat gave it, or so much later: the engine's clock may be set. One that a stranger has put there may have no expiry. */
const LATE_MS = SECOND_MS;

/**
 * A session says that it lives, and hears who else does.
 *
 * - key: the prefix
 * - arguments: this session; how long it lives from now on, in milliseconds; `1` at its first beat, `2` at that of a server that has just
 *   started; for how long nobody counts as dead after a time in which no server has beaten, in milliseconds
 * - answer: nothing if the session has died before: it must take another id. Otherwise the sessions that live (8 each); those that have
 *   died, and those that have left, and left something; and at the first beat the pauses, each as name, milliseconds and sealed lane. A
 *   fifth element says that sessions may live which the first does not name, and names those that have left nothing. A sixth says that
 *   only servers have come since which had just started: none of them has done anything that the engine does not know
 *
 * A member's score is the time of its last beat by the engine's clock, -1 if it is being adopted, -2 if it has left.
 */
export const BEAT: Script = {
  name: 'beat',
  lua: `
local prefix, me, lease, isFirst, grace = KEYS[1], unpack(ARGV)
local members = prefix .. 'm'
local score = redis.call('ZSCORE', members, me)
-- A session whose life has not ended was not adopted: the list was lost, and nothing else.
local isLost = not score and redis.call('EXISTS', prefix .. 'n:' .. me) == 0
if isFirst == '0' and (isLost or (score and tonumber(score) < 0)) then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
grace = tonumber(grace or 0)
-- What a stranger has put there may have no expiry: each of these keys says when it ends.
local function kindOf(name, most)
  local till, kind = (redis.call('GET', prefix .. name) or ''):match('^(%d+)(%a*)$')
  if till and tonumber(till) > now and tonumber(till) <= now + most then return kind end
end
local function start(name, ms, kind)
  redis.call('SET', prefix .. name, string.format('%.0f', now + ms) .. kind, 'PX', ms)
end
-- If no server was heard of for half a lease, the engine stood still, lost its data, or no server could reach it: then silence says nothing.
local last = redis.call('ZRANGE', members, -1, -1, 'WITHSCORES')[2]
-- One grace in four: where beats are late again and again, a dead server must not keep its wakes for ever.
if (not last or now - last > lease / 2) and grace > 0 and not kindOf('x', 4 * grace) then
  start('g', grace, (not last and isFirst == '2') and 'new' or '')
  start('x', 4 * grace, '')
elseif isFirst == '1' and kindOf('g', grace) == 'new' then
  redis.call('SET', prefix .. 'g', redis.call('GET', prefix .. 'g'):match('%d+'), 'XX', 'KEEPTTL')
end
local kindOfGrace = kindOf('g', grace)
local isGrace, isNew = kindOfGrace and true or false, kindOfGrace == 'new' and 1 or nil
redis.call('SET', prefix .. 'n:' .. me, '', 'PX', lease)
redis.call('ZADD', members, now, me)
local function lives(session, beatAt)
  local key = prefix .. 'n:' .. session
  if redis.call('EXISTS', key) == 0 then return false end
  if beatAt + lease + ${LATE_MS} > now and beatAt < now + ${HOUR_MS} then return true end
  foreign(key)
  return false
end
local live, dead, gone, left = {}, {}, {}, {}
local entries = redis.call('ZRANGE', members, 0, -1, 'WITHSCORES')
for index = 1, #entries, 2 do
  local session = entries[index]
  if #session ~= 8 then redis.call('ZREM', members, session)
  elseif lives(session, tonumber(entries[index + 1])) then live[#live + 1] = session
  elseif redis.call('HLEN', prefix .. 'p:' .. session) + redis.call('XLEN', prefix .. 'q:' .. session) == 0 then
    if isGrace and tonumber(entries[index + 1]) == -2 then left[#left + 1] = session
    else
      redis.call('DEL', prefix .. 'q:' .. session)
      redis.call('ZREM', members, session)
    end
  elseif tonumber(entries[index + 1]) == -2 then gone[#gone + 1] = session
  elseif not isGrace then dead[#dead + 1] = session
  end
end
local pauses = {}
if isFirst ~= '0' then
  local all = redis.call('HGETALL', prefix .. 'z')
  for index = 1, #all, 2 do
    local ms = #all[index + 1] < 6 and 0 or struct.unpack('>I6', all[index + 1]) - now
    if ms > 0 then
      pauses[#pauses + 1] = all[index]
      pauses[#pauses + 1] = ms
      pauses[#pauses + 1] = all[index + 1]:sub(7)
    else redis.call('HDEL', prefix .. 'z', all[index])
    end
  end
end
return { table.concat(live), table.concat(dead), table.concat(gone), pauses, isGrace and table.concat(left) or nil, isNew }
`,
};
