import type { Script } from '../engine/engine.ts';
import { LEASE_LUA } from './lease-lua.ts';

/**
 * Brings a claim that was adopted to the server whose group it is: the one that has something open for the group, otherwise its owner.
 *
 * - key: the prefix
 * - arguments: this session; the life of a claim in milliseconds; the name of the group (16); the session that owns the group as far as
 *   this server knows; the name of the claim, and its id in the inbox of this session
 * - answer: `H` handed, `O` it is ours, `!` this session has died
 */
export const ROUTE: Script = {
  name: 'route',
  lua: `${LEASE_LUA}
local prefix, me, life, group, owner, name, id = KEYS[1], unpack(ARGV)
local function lives(session) return redis.call('EXISTS', prefix .. 'n:' .. session) == 1 end
if not lives(me) then return '!' end
local lease = redis.call('GET', prefix .. 'k:' .. group)
local holder = lease and lease:sub(1, 8)
if holder and (holder == me or lives(holder)) and isKept(lease) then owner = holder end
if owner == me or not lives(owner) then return 'O' end
local inbox = prefix .. 'q:' .. me
local entry = redis.call('XRANGE', inbox, id, id)[1]
-- It was dealt with before.
if not entry then return 'H' end
redis.call('XDEL', inbox, id)
redis.call('SET', prefix .. 'c:' .. name, owner .. 'H', 'PX', life)
redis.call('XADD', prefix .. 'q:' .. owner, '*', name, entry[2][2])
return 'H'
`,
};
