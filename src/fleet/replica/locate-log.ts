import type { Engine, EngineReply, Script } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';

/**
 * Says where the log is, and makes the number of the next change higher than any that this server knows: an engine that has lost its last
 * changes would use their numbers again. Keeps the newest entry, whatever its age, and drops what is older than the given time.
 *
 * - keys: the number of the last change; the log
 * - arguments: the highest number that is known; the id of the last entry that was read, or `0-0`; the age in milliseconds
 * - answer: the number of the last change; the id of the log's last entry; whether the entry that was read last is still there, 1 or 0;
 *   the id of the log's first entry; the number of the last change that the log tells of
 */
export const LOCATE_LOG: Script = {
  name: 'locate-log',
  lua: `
local count = number(KEYS[1])
if count < tonumber(ARGV[1]) then
  count = tonumber(ARGV[1])
  redis.call('SET', KEYS[1], string.format('%.0f', count))
end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if not last then return {count, '0-0', 0, '0-0', 0} end
local time = redis.call('TIME')
local least = tonumber(time[1]) * 1000 - tonumber(ARGV[3])
local lastMs = tonumber(string.match(last[1], '^%d+'))
redis.call('XTRIM', KEYS[2], 'MINID', '~', string.format('%.0f', math.min(least, lastMs)))
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local found = 0
if ARGV[2] ~= '0-0' then found = #redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2], 'COUNT', 1) end
local told = count
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 100)) do
  if entry[2][1] == 'n' then
    told = tonumber(entry[2][2]) or 0
    break
  end
end
return {count, last[1], found, first[1], told}
`,
};

/** What is before the first entry of a log. */
export const NO_ENTRY = '0-0';
/** Entries of the log are kept for so long, in milliseconds. */
const KEPT_MS = 15 * 60_000;

export interface LogPosition {
  /** The number of the last change. */
  readonly number: number;
  /** The id of the last entry. */
  readonly last: string;
  /** The id of the first entry. */
  readonly first: string;
  /** Whether the entry that this server has read last is there. */
  readonly isFound: boolean;
  /** The number of the last change that the log tells of. It is lower than {@link number} if changes were lost. */
  readonly told: number;
}

/** @param known the highest number that this server knows @param after the id of the last entry that it has read @throws EngineUnavailable, ScriptError */
export async function locateLog(
  engine: Pick<Engine, 'run'>,
  names: FleetNames,
  { after = NO_ENTRY, known = 0 }: { readonly after?: string | undefined; readonly known?: number },
): Promise<LogPosition> {
  const reply = await engine.run(LOCATE_LOG, [names.sequence, names.log], [known, after, KEPT_MS]);
  const [number, last, found, first, told] = Array.isArray(reply) ? (reply as readonly EngineReply[]) : [];
  return {
    number: Number(number),
    last: String(last),
    first: String(first),
    isFound: found === 1,
    told: Number(told),
  };
}

/** Whether an id of an entry is later than another one. */
export function isLater(id: string, than: string): boolean {
  const [ms = 0, count = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherCount = 0] = than.split('-').map(Number);
  return ms > otherMs || (ms === otherMs && count > otherCount);
}
