import type { Script } from '../engine/engine.ts';

/**
 * Tells how claims stand.
 *
 * - key: the prefix
 * - arguments: the session of the server that asks; the names of the claims (16 each)
 * - answer: for each a letter: `O` nobody who lives has claimed it, `T` taken, `D` done. Nothing if that session has died: most likely the
 *   engine has lost its data, and does not know of any claim
 */
export const LOOK: Script = {
  name: 'look',
  lua: `
local prefix, me, names = KEYS[1], ARGV[1], ARGV[2]
if redis.call('EXISTS', prefix .. 'n:' .. me) == 0 then return '' end
local alive, answers = {}, {}
for at = 1, #names, 16 do
  local standing = redis.call('GET', prefix .. 'c:' .. names:sub(at, at + 15))
  local answer = 'O'
  if standing == 'D' then answer = 'D'
  elseif standing then
    local session = standing:sub(1, 8)
    if alive[session] == nil then alive[session] = call('EXISTS', prefix .. 'n:' .. session) == 1 end
    if alive[session] then answer = 'T' end
  end
  answers[#answers + 1] = answer
end
return table.concat(answers)
`,
};
