import type { Script } from '../engine/engine.ts';

/**
 * Tells the other servers what a server has claimed. It is told for a minute: servers that live read it at once, and others need it no more.
 *
 * - key: the stream
 * - arguments: the session, and the sealed claims
 */
export const TELL_CLAIMS: Script = {
  name: 'tell-claims',
  lua: `
redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
if redis.call('XLEN', KEYS[1]) > 300 then redis.call('XTRIM', KEYS[1], 'MAXLEN', 200) end
redis.call('PEXPIRE', KEYS[1], 60000)
`,
};
