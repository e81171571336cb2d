import type { Script } from './engine.ts';

/**
 * Does what the other scripts do, once: the user of `REDIS_URL` must be allowed each of these commands, and the engine must take changes.
 *
 * - key: one that may be written at any time. What an earlier start has left there, because it was refused half-way, is removed first
 * - answer: `OK`
 */
export const CHECK_RIGHTS: Script = {
  name: 'check-rights',
  lua: `
local key = KEYS[1]
redis.call('DEL', key)
redis.call('TIME')
redis.call('DEL', key)
redis.call('SET', key, '0', 'NX', 'PX', 60000)
redis.call('INCR', key)
redis.call('GET', key)
redis.call('EXISTS', key)
redis.call('PEXPIRE', key, 60000)
redis.call('DEL', key)
redis.call('HSET', key, 'a', '1')
redis.call('HGET', key, 'a')
redis.call('HMGET', key, 'a')
redis.call('HGETALL', key)
redis.call('HSCAN', key, '0')
redis.call('HLEN', key)
redis.call('HDEL', key, 'a')
redis.call('ZADD', key, 1, 'a')
redis.call('ZSCORE', key, 'a')
redis.call('ZRANGE', key, 0, -1)
redis.call('ZREMRANGEBYSCORE', key, '-inf', 0)
redis.call('ZREM', key, 'a')
redis.call('XADD', key, '*', 'a', '1')
redis.call('XRANGE', key, '-', '+')
redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
redis.call('XLEN', key)
redis.call('XTRIM', key, 'MAXLEN', 0)
redis.call('XDEL', key, '0-1')
redis.call('DEL', key)
return redis.status_reply('OK')
`,
};
