import type { Script } from './engine.ts';

/**
 * Says with which settings this server runs, and asks how many different ones servers have had of late.
 *
 * - key: the settings
 * - arguments: the name of this server's settings; for how long others' count after their last beat, in milliseconds
 * - answer: the number of different settings
 */
export const COMPARE_SETTINGS: Script = {
  name: 'compare-settings',
  lua: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
return redis.call('ZCARD', KEYS[1])
`,
};

/** Whether servers of the fleet have had other settings than this one for a while. */
export class Disagreement {
  /** Since when, by the monotonic clock, there are servers with other settings. */
  #since = Infinity;

  /** @param different how many different settings servers have had of late */
  note(different: unknown): void {
    if (different === 1) this.#since = Infinity;
    else this.#since = Math.min(this.#since, performance.now());
  }

  lastsFor(ms: number): boolean {
    return performance.now() - this.#since >= ms;
  }
}
