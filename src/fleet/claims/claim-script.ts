import type { Script } from '../engine/engine.ts';
import { LEASE_LUA } from './lease-lua.ts';

/**
 * Claims events for devices: each claim in one step.
 *
 * - key: the prefix
 * - arguments: this session; the life of a claim in milliseconds; then for each claim the name of the claim (16), the name of its group (16),
 *   a letter for the reason (1), and the session that owns the group as far as this server knows (8); and the sealed wake
 * - answer: `!` if this session has died. Otherwise for each claim a letter; after `W`, a byte for the number of windows that run, and each
 *   window: track (1), phase (1), milliseconds (4)
 *
 * Reasons: `o` own, `p` open, `h` handed, `a` claimed before, and not sure to be written. Answers: `W` won, `T` taken, `D` done, `H` handed.
 * A claim is `D` when it is done, a session, or a session and `H` when it is only in the inbox of that session.
 */
export const CLAIM: Script = {
  name: 'claim',
  lua: `${LEASE_LUA}
local prefix, me, life = KEYS[1], ARGV[1], ARGV[2]
local alive = {}
local function lives(session)
  if alive[session] == nil then alive[session] = call('EXISTS', prefix .. 'n:' .. session) == 1 end
  return alive[session]
end
local pending = prefix .. 'p:' .. me
-- This session ends if it is foreign.
redis.call('HLEN', pending)
if not lives(me) then return '!' end
local answers = {}
for index = 3, #ARGV, 2 do
  local head, wake = ARGV[index], ARGV[index + 1]
  local name, reason = head:sub(1, 16), head:sub(33, 33)
  local claim, lease = prefix .. 'c:' .. name, prefix .. 'k:' .. head:sub(17, 32)
  local standing = redis.call('GET', claim)
  local claimant = standing and standing:sub(1, 8)
  local answer
  if standing == 'D' then answer = 'D'
  elseif claimant and claimant ~= me and lives(claimant) then answer = 'T'
  elseif claimant == me and reason ~= 'a' and (#standing == 8 or reason == 'p') then answer = 'T'
  else
    local leased = redis.call('GET', lease)
    local last = leased and leased:sub(1, 8)
    local holder = leased and isKept(leased) and last
    local isElsewhere = holder and holder ~= me and lives(holder)
    local owner
    if reason == 'a' then owner = me
    elseif isElsewhere then owner = holder
    elseif reason == 'p' and holder ~= me then owner = head:sub(34, 41)
    end
    if owner and owner ~= me and lives(owner) then
      call('SET', claim, owner .. 'H', 'PX', life)
      redis.call('XADD', prefix .. 'q:' .. owner, '*', name, wake)
      if claimant == me then call('HDEL', pending, name) end
      answer = 'H'
    else
      call('SET', claim, me, 'PX', life)
      call('HSET', pending, name, wake)
      answer = 'W\\0'
      if holder == me and leased:byte(9) ~= 255 then call('PEXPIRE', lease, life)
      elseif not isElsewhere then
        local windows = leased and windowsIn(leased) or ''
        call('SET', lease, me .. windows, 'PX', life)
        if last ~= me then answer = 'W' .. left(windows) end
      end
    end
  end
  answers[#answers + 1] = answer
end
return table.concat(answers)
`,
};
