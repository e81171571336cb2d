import type { Config } from '../../config/config.ts';
import type { ServerKey } from '../../crypto/server-key.ts';
import { EngineRefused, reasonOf } from '../../fleet/engine/engine-errors.ts';
import type { EngineFacts } from '../../fleet/engine/engine-facts.ts';
import { lookAtEngine } from '../../fleet/engine/look-at-engine.ts';
import { FleetNames } from '../../fleet/engine/names.ts';
import { alarmed, failure, ok, skipped, warning, type Finding } from './finding.ts';

const TITLE = 'engine';

/** Whether the servers of a fleet can work with the engine of `REDIS_URL`: with all checks of a start, and without a change. */
export async function checkEngine(
  { engine, kind }: Config['store'],
  serverKey: ServerKey | undefined,
): Promise<Finding[]> {
  if (kind !== 'redis' || engine === undefined) return [];
  if (serverKey === undefined)
    return [
      skipped(
        TITLE,
        'It was not asked, since there is no server key yet. All servers of a fleet need the same one.',
      ),
    ];
  const names = new FleetNames(serverKey.privateKey);
  const place = `${engine.host}, port ${engine.port}, database ${engine.database}`;
  // The ACL needs them before the engine lets this server in.
  const keys = `The keys of this fleet are mp and ${names.prefix}*.`;
  try {
    const { answerMs, facts, form } = await lookAtEngine(engine, names);
    const state =
      form === undefined ? 'no server has used it yet' : `it has the data of this fleet, in form ${form}`;
    return [
      ok(
        TITLE,
        `${facts.software} ${facts.version} at ${place} answers in ${answerMs.toFixed(1)} ms, and ${state}. ${keys}`,
      ),
      ...ofFacts(facts),
    ];
  } catch (error) {
    const says = `At ${place}: ${reasonOf(error)}. ${keys}`;
    return error instanceof EngineRefused
      ? [{ ...failure(TITLE, says, 'correct REDIS_URL, or the configuration of the engine'), exitCode: 78 }]
      : [alarmed('store unreachable', says)];
  }
}

function ofFacts({ isAppending, maxmemoryPolicy, replicas }: EngineFacts): Finding[] {
  const findings: Finding[] = [];
  if (maxmemoryPolicy !== 'noeviction')
    findings.push(alarmed('engine evicts', `Its maxmemory-policy is ${maxmemoryPolicy}.`));
  if (!isAppending && replicas === 0)
    findings.push(
      warning(
        'engine persistence',
        'It has no append-only file and no replica: what it had is gone with it, and a fleet whose servers all stop meanwhile forgets its registrations.',
        'set appendonly yes in its configuration, or give it a replica',
      ),
    );
  return findings;
}
