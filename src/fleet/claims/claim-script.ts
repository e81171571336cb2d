import type { Script } from '../engine/engine.ts';

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
  lua: `
local prefix, me, life = KEYS[1], ARGV[1], ARGV[2]
local alive = {}
local function lives(session)
  if alive[session] == nil then alive[session] = redis.call('EXISTS', prefix .. 'n:' .. session) == 1 end
  return alive[session]
end
if not lives(me) then return '!' end
local now
local function left(lease)
  local count, windows = 0, ''
  for at = 9, #lease, 8 do
    if not now then
      local time = redis.call('TIME')
      now = time[1] * 1000 + math.floor(time[2] / 1000)
    end
    local ms = struct.unpack('>I6', lease, at + 2) - now
    if ms > 0 then
      count = count + 1
      windows = windows .. lease:sub(at, at + 1) .. struct.pack('>I4', math.min(ms, 4294967295))
    end
  end
  return string.char(count) .. windows
end
local pending = prefix .. 'p:' .. me
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
    local holder = leased and leased:sub(1, 8)
    local isElsewhere = holder and holder ~= me and lives(holder)
    local owner
    if reason == 'a' then owner = me
    elseif isElsewhere then owner = holder
    elseif reason == 'p' and holder ~= me then owner = head:sub(34, 41)
    end
    if owner and owner ~= me and lives(owner) then
      redis.call('SET', claim, owner .. 'H', 'PX', life)
      redis.call('XADD', prefix .. 'q:' .. owner, '*', name, wake)
      if claimant == me then redis.call('HDEL', pending, name) end
      answer = 'H'
    else
      redis.call('SET', claim, me, 'PX', life)
      redis.call('HSET', pending, name, wake)
      if holder == me then
        redis.call('PEXPIRE', lease, life)
        answer = 'W\\0'
      elseif isElsewhere then
        answer = 'W\\0'
      else
        redis.call('SET', lease, me .. (leased and leased:sub(9) or ''), 'PX', life)
        answer = 'W' .. left(leased or '')
      end
    end
  end
  answers[#answers + 1] = answer
end
return table.concat(answers)
`,
};
