import type { Script } from '../engine/engine.ts';
import { LEASE_LUA } from './lease-lua.ts';
import { COUNTED } from './window-codec.ts';

/**
 * Writes what has happened here: nothing of it has an answer.
 *
 * - key: the prefix
 * - arguments: this session; the life of a claim in milliseconds; then two for each piece of news, a head and a value
 * - answer: `!` if this session has died, and nothing was written
 *
 * Heads: a letter, and a name (16).
 * - `D` a claim has woken its device: the value says for how long that is kept, if not for the life of a claim. `X` it was dropped.
 * - `L` a claim of the group has ended: the value has what runs or counts, each as track (1), phase (1), milliseconds (4). After the name
 *   stands `1` if more is open for the group here. `R` the same, because the engine may have forgotten it. If another server has left as
 *   much since, that stays.
 * - `S` something that came from another server has been dealt with: the name may have 17 bytes; the value is the session to which it came,
 *   and its id in the inbox of that session. A claim that was not made is free again.
 * - `O` a device is owed the wake of the value; after its name stands that of its group. `P` it is owed nothing any more.
 */
export const TELL: Script = {
  name: 'tell',
  lua: `${LEASE_LUA}
local prefix, me, life = KEYS[1], ARGV[1], ARGV[2]
local function lives(session) return call('EXISTS', prefix .. 'n:' .. session) == 1 end
local pending = prefix .. 'p:' .. me
-- This session ends if it is foreign.
redis.call('HLEN', pending)
if not lives(me) then return '!' end
local function isOurs(lease)
  if not lease then return true end
  local holder = lease:sub(1, 8)
  return holder == me or not lives(holder) or not isKept(lease)
end
for index = 3, #ARGV, 2 do
  local head, value = ARGV[index], ARGV[index + 1]
  local letter, name = head:sub(1, 1), head:sub(2, 17)
  if letter == 'D' then
    call('SET', prefix .. 'c:' .. name, 'D', 'PX', value == '' and life or value)
    call('HDEL', pending, name)
  elseif letter == 'X' then
    local claim = prefix .. 'c:' .. name
    local standing = redis.call('GET', claim)
    if standing and standing:sub(1, 8) == me then call('DEL', claim) end
    call('HDEL', pending, name)
  elseif letter == 'L' or letter == 'R' then
    local lease = prefix .. 'k:' .. name
    local known = redis.call('GET', lease)
    local isNews = letter == 'L' or not known or known:sub(1, 8) == me or #windowsIn(known) / 8 <= #value / 6
    if isNews and isOurs(known) then
      local windows, running, longest = '', 0, 0
      for at = 1, #value, 6 do
        local ms = struct.unpack('>I4', value, at + 2)
        if ms > longest then longest = ms end
        if ms > running and value:byte(at + 1) < ${COUNTED} then running = ms end
        windows = windows .. value:sub(at, at + 1) .. struct.pack('>I6', time() + ms)
      end
      if head:sub(18) == '1' then call('SET', lease, me .. windows, 'PX', life)
      elseif longest > running then
        call('SET', lease, me .. '\\255\\255' .. struct.pack('>I6', time() + running) .. windows, 'PX', longest)
      elseif longest > 0 then call('SET', lease, me .. windows, 'PX', longest)
      else call('DEL', lease)
      end
    end
  elseif letter == 'S' then
    local whole, session, id = head:sub(2), value:sub(1, 8), value:sub(9)
    redis.call('XDEL', prefix .. 'q:' .. session, id)
    if #whole == 16 then
      local claim = prefix .. 'c:' .. whole
      if redis.call('GET', claim) == session .. 'H' then call('DEL', claim) end
    end
  elseif letter == 'O' then
    call('HSET', pending, 'o' .. name, value)
    local lease = prefix .. 'k:' .. head:sub(18)
    local known = redis.call('GET', lease)
    if isOurs(known) then call('SET', lease, me .. (known and windowsIn(known) or ''), 'PX', life) end
  else
    call('HDEL', pending, 'o' .. name)
  end
end
return ''
`,
};
