import { randomBytes } from 'node:crypto';

import { deviceOf } from '../../core/registry/push-target.ts';
import type { OwedWake } from '../../core/waking/owed-devices.ts';
import type { Engine, EngineReply } from '../engine/engine.ts';
import { SESSION_BYTES, type FleetNames } from '../engine/names.ts';
import type { ValueSealer } from '../engine/value-sealer.ts';
import { decodeOwed, encodeOwed } from './wake-codec.ts';

/** Begins the name of an owed wake. */
const OWED = 'o';

/** Leaves owed wakes to the servers of the fleet, as if a server had died that owed them. @throws EngineUnavailable, ScriptError */
export async function leaveOwed(
  engine: Pick<Engine, 'call'>,
  names: FleetNames,
  sealer: ValueSealer,
  wakes: Iterable<OwedWake>,
): Promise<number> {
  const session = randomBytes(SESSION_BYTES);
  let count = 0;
  for (const wake of wakes) {
    const place = Buffer.concat([Buffer.from(OWED), names.group(deviceOf(wake.target))]);
    await engine.call('HSET', names.pendingKey(session), place, sealer.seal(encodeOwed(wake), place));
    count++;
  }
  // Only a session that is listed is looked for.
  if (count > 0) await engine.call('ZADD', names.members, 0, session);
  return count;
}

/** The wakes that sessions owe, living or dead. @throws EngineUnavailable, ScriptError */
export async function readOwed(
  engine: Pick<Engine, 'call'>,
  names: FleetNames,
  sealer: ValueSealer,
): Promise<OwedWake[]> {
  const owed: OwedWake[] = [];
  for (const session of buffersIn(await engine.call('ZRANGE', names.members, 0, -1))) {
    const fields = buffersIn(await engine.call('HGETALL', names.pendingKey(session)));
    // What a server was about to take over when it died.
    for (const entry of listIn(await engine.call('XRANGE', names.inboxKey(session), '-', '+')))
      fields.push(...buffersIn(listIn(entry)[1] ?? null).slice(0, 2));
    for (let n = 0; n + 1 < fields.length; n += 2) {
      const [place, value] = [fields[n], fields[n + 1]];
      if (place === undefined || value === undefined || place.toString('latin1', 0, 1) !== OWED) continue;
      const bytes = place.length > OWED.length ? sealer.open(value, place) : undefined;
      const wake = bytes && decodeOwed(bytes);
      if (wake !== undefined) owed.push(wake);
    }
  }
  return owed;
}

function listIn(reply: EngineReply): readonly EngineReply[] {
  return Array.isArray(reply) ? (reply as readonly EngineReply[]) : [];
}

function buffersIn(reply: EngineReply): Buffer[] {
  return listIn(reply).filter((one) => Buffer.isBuffer(one));
}
