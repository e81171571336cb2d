import type { Engine, Script } from './engine.ts';
import { SHARDS, type FleetNames } from './names.ts';

/** A number beyond this one has no room in the version of a field. */
const MOST = 2 ** 47;

/**
 * Stands before the text of every script, so that no script fails because of what a stranger has put into the engine.
 *
 * A key is foreign if it has another type than the fleet gives it, or a value at which commands fail. `redis.call` deletes such a key and
 * runs its command again: the script goes on as if the key had not been there. The marker of the database counts foreign keys, by which the
 * servers hear of them. What the key had is written again by those who know it:
 * - Records, and the log and the numbers of changes: the data gets another epoch, so that each server gives back what it has, as it does
 *   to an engine that was emptied.
 * - What a session has claimed, and its inbox: the session ends, and its server takes another id. The server claims again what is open
 *   there, and the other servers look for what they have handed to it.
 * - Everything else is soon written anew by whoever needs it.
 *
 * `call` costs less, and is for a command that takes a key of any type, or of which the key was checked. `number` reads a number.
 */
export const MENDING = onOneLine(`
local engine, call, pcall = redis, redis.call, redis.pcall
local function foreign(key)
  call('DEL', key)
  local prefix, kind, session = key:match('^([%w_-]+:)(%a):?(.*)$')
  if kind == 'p' or kind == 'q' then
    call('DEL', prefix .. 'n:' .. session)
    local members = prefix .. 'm'
    if type(pcall('ZSCORE', members, session)) == 'table' then call('DEL', members) end
    call('ZADD', members, -1, session)
  end
  local marker = pcall('HMGET', 'mp', 'check', 'foreign')
  if marker.err then call('DEL', 'mp')
  elseif marker[1] then
    call('HSET', 'mp', 'foreign', (tonumber(marker[2] or '') or 0) + 1)
    if kind:find('[RLSD]') then call('HDEL', 'mp', 'epoch') end
  end
end
local function mend(reply, command, key, ...)
  local isForeign = reply.err:find('^WRONGTYPE') or reply.err:find('stream has exhausted')
  if not isForeign or not key:find('^[%w_-]+:%a') then return error(reply) end
  foreign(key)
  return call(command, key, ...)
end
local redis = setmetatable({ call = function(...)
  local reply = pcall(...)
  if type(reply) == 'table' and reply.err then return mend(reply, ...) end
  return reply
end }, { __index = engine })
local function number(key)
  local text = redis.call('GET', key)
  local value = tonumber(text or '0')
  if value and value >= 0 and value < ${MOST} and (not text or text == string.format('%.0f', value)) then return value end
  foreign(key)
  return 0
end
`);

/** So that the engine gives the lines of a script their own numbers. */
function onOneLine(lua: string): string {
  return lua.replaceAll('\n', ' ');
}

/**
 * Looks at every key whose name is known, so that a foreign one does not stay unnoticed until it is needed.
 *
 * - key: the prefix
 */
export const CHECK_KEYS: Script = {
  name: 'check-keys',
  lua: `
local prefix = KEYS[1]
for shard = 0, ${SHARDS - 1} do redis.call('HLEN', prefix .. 'R:' .. shard) end
if number(prefix .. 'D') > number(prefix .. 'S') then foreign(prefix .. 'D') end
redis.call('XLEN', prefix .. 'L')
redis.call('XLEN', prefix .. 'e')
redis.call('HLEN', prefix .. 'z')
for _, session in ipairs(redis.call('ZRANGE', prefix .. 'm', 0, -1)) do
  redis.call('HLEN', prefix .. 'p:' .. session)
  redis.call('XLEN', prefix .. 'q:' .. session)
end
`,
};

/** Runs {@link CHECK_KEYS}. An engine that does not answer is noticed by other means. */
export async function checkKeys(engine: Pick<Engine, 'run'>, { prefix }: FleetNames): Promise<void> {
  await engine.run(CHECK_KEYS, [prefix], []).catch(() => undefined);
}
