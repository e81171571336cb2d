import type { Engine, EngineArgument, EngineReply, Script } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';

/** Entries that the log has about at most. A server that missed more reads all records again. */
const MOST_ENTRIES = 200_000;

/**
 * What a change does to its field.
 * - `put`: gives it a record.
 * - `remove`: removes it, and tells the other servers even if there was none.
 * - `expire`: removes it, if it is there.
 * - `restore`: gives it a record, if it has none, and if the writer knows all removals: it was not removed on purpose.
 * - `repeat`: gives it a record. The engine had lost the record, or may have lost a later one: a server that has a later one writes it again.
 * - `outdate`: removes it, if it is there. The engine had lost the removal. The value is the registration that was removed.
 * - `renew`: gives it its registration with a later expiry, if it is there.
 */
export type ChangeMode = 'put' | 'remove' | 'expire' | 'restore' | 'repeat' | 'outdate' | 'renew';

export interface SealedChange {
  readonly mode: ChangeMode;
  readonly shard: number;
  readonly field: Buffer;
  /** The number of the last change that the writer knew of when it decided on this one, of all changes or of the field's own. */
  readonly base: number;
  readonly value: Buffer;
}

/**
 * Writes changes of records, in groups. Each change has a number, one more than the one before, which is also the version of its field. A
 * group in which a field has a version beyond its base was decided by what is no longer true: nothing of it is written, nor of a
 * later group that has one of its fields. The changes of a group after which nothing is in the way are written, and told in the log.
 *
 * Renewals come first. One entry of the log tells all of them: there is one for nearly every wake, and each server reads them all. They
 * have fields that nothing else here has.
 *
 * - keys: the number of the last change; the number of the last removal; the log; what begins the names of the shards
 * - arguments: the writer; the most entries of the log; how many renewals; what the log tells of them; then for each renewal its shard,
 *   field, base and value; then each group: how many changes, and for each of them its mode, shard, field, base and value
 * - answer: the number of the last change before; then for each renewal and change its number, 0 if there was nothing to do, -1 if it was in
 *   conflict, or -2 if the writer does not know all removals
 */
export const WRITE_CHANGES: Script = {
  name: 'write-changes',
  lua: `
local sequence, removals, log, shards = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local writer, most = ARGV[1], ARGV[2]
local count = number(sequence)
local answer = {count}
local own, lost = {}, {}

local function versionOf(value)
  if not value or #value < 6 then return 0 end
  return struct.unpack('>I6', value)
end

-- A number that is lower than what the writer knows was put there by a stranger.
local function heed(base)
  if base <= count then return end
  foreign(sequence)
  count = base
  answer[1] = base
  call('SET', sequence, string.format('%.0f', base))
end

local function verdictOn(mode, key, field, base)
  heed(base)
  if lost[field] then return -1 end
  if own[field] then return mode == 'restore' and 0 or 1 end
  local known = redis.call('HGET', key, field)
  if mode == 'restore' then
    if known then return 0 end
    if number(removals) > base then return -2 end
    return 1
  end
  if versionOf(known) > base then return -1 end
  if not known and (mode == 'expire' or mode == 'outdate' or mode == 'renew') then return 0 end
  return 1
end

local function tell(...)
  redis.call('XADD', log, 'MAXLEN', '~', most, '*', ...)
end

local function write(mode, key, field, value)
  local version = call('INCR', sequence)
  if mode == 'put' or mode == 'restore' or mode == 'repeat' or mode == 'renew' then
    call('HSET', key, field, struct.pack('>I6', version) .. value)
  else
    call('HDEL', key, field)
    call('SET', removals, version)
  end
  tell('n', version, 'w', writer, 'f', field, 'v', value, 'm', mode)
  own[field] = true
  return version
end

local renewals, first, written = tonumber(ARGV[3]), nil, {}
for n = 0, renewals - 1 do
  local at = 5 + 4 * n
  local key, field = shards .. ARGV[at], ARGV[at + 1]
  local verdict = verdictOn('renew', key, field, tonumber(ARGV[at + 2]))
  if verdict == 1 then
    verdict = call('INCR', sequence)
    call('HSET', key, field, struct.pack('>I6', verdict) .. ARGV[at + 3])
    first = first or verdict
    written[#written + 1] = struct.pack('>I2', n)
  end
  answer[#answer + 1] = verdict
end
if first then tell('n', first, 'w', writer, 'r', table.concat(written), 'v', ARGV[4]) end

local at = 5 + 4 * renewals
while ARGV[at] do
  local last = at + 5 * tonumber(ARGV[at])
  local verdicts, worst = {}, 1
  for n = at + 1, last, 5 do
    local verdict = verdictOn(ARGV[n], shards .. ARGV[n + 1], ARGV[n + 2], tonumber(ARGV[n + 3]))
    verdicts[n] = verdict
    if verdict < worst then worst = verdict end
  end
  for n = at + 1, last, 5 do
    if worst < 0 then
      answer[#answer + 1] = worst
      lost[ARGV[n + 2]] = true
    elseif verdicts[n] == 0 then
      answer[#answer + 1] = 0
    else
      answer[#answer + 1] = write(ARGV[n], shards .. ARGV[n + 1], ARGV[n + 2], ARGV[n + 4])
    end
  end
  at = last + 1
end
return answer
`,
};

/** What became of a change: the number that it got, or why it was not written. */
export type Verdict = number | 'needless' | 'conflict' | 'behind';

export interface Written {
  /** The number of the last change of all servers before these. */
  readonly before: number;
  readonly renewals: readonly Verdict[];
  /** For each group, the verdict on each of its changes. */
  readonly groups: readonly (readonly Verdict[])[];
}

/** What is to be written. */
export interface Changes {
  readonly groups: readonly (readonly SealedChange[])[];
  readonly renewals?: {
    readonly changes: readonly SealedChange[];
    /** What the log tells of them. */
    readonly told: Buffer;
  };
}

/** @throws EngineUnavailable, ScriptError */
export async function writeChanges(
  engine: Pick<Engine, 'run'>,
  names: FleetNames,
  writer: Buffer,
  { groups, renewals = { changes: [], told: Buffer.of() } }: Changes,
): Promise<Written> {
  const keys = [names.sequence, names.removals, names.log, names.shards];
  const args: EngineArgument[] = [writer, MOST_ENTRIES, renewals.changes.length, renewals.told];
  for (const { base, field, shard, value } of renewals.changes) args.push(shard, field, base, value);
  for (const group of groups) {
    args.push(group.length);
    for (const { base, field, mode, shard, value } of group) args.push(mode, shard, field, base, value);
  }
  const [before = 0, ...numbers] = numbersIn(await engine.run(WRITE_CHANGES, keys, args));
  let at = 0;
  const verdictsOn = (changes: readonly SealedChange[]): Verdict[] =>
    changes.map(() => verdictOf(numbers[at++]));
  return { before, renewals: verdictsOn(renewals.changes), groups: groups.map(verdictsOn) };
}

function numbersIn(reply: EngineReply): number[] {
  return Array.isArray(reply) ? reply.map(Number) : [];
}

function verdictOf(number: number | undefined): Verdict {
  if (number === undefined || number === -1) return 'conflict';
  if (number === -2) return 'behind';
  return number === 0 ? 'needless' : number;
}
