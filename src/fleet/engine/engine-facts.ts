import { EngineRefused, EngineUnavailable } from './engine-errors.ts';

/** What an engine says of itself. */
export interface EngineFacts {
  readonly software: 'Redis' | 'Valkey';
  /** Such as `7.0.15`. */
  readonly version: string;
  readonly isCluster: boolean;
  readonly isReplica: boolean;
  readonly isLoading: boolean;
  /** `maxmemory-policy`. With another policy than `noeviction` the engine may throw keys away. */
  readonly maxmemoryPolicy: string;
  /** Whether it writes every change to its disk (AOF). */
  readonly isAppending: boolean;
  readonly replicas: number;
}

const LEAST = { Redis: [7, 0], Valkey: [7, 2] } as const;

/** Reads the answer to `INFO`. */
export function readFacts(info: string): EngineFacts {
  const lines = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const end = line.indexOf(':');
    if (end !== -1) lines.set(line.slice(0, end), line.slice(end + 1));
  }
  // Valkey also gives the version of Redis that it stands for.
  const valkey = lines.get('valkey_version');
  return {
    software: valkey === undefined ? 'Redis' : 'Valkey',
    version: valkey ?? lines.get('redis_version') ?? '',
    isCluster: lines.get('cluster_enabled') === '1' || lines.get('redis_mode') === 'cluster',
    isReplica: lines.get('role') === 'slave',
    isLoading: lines.get('loading') === '1',
    maxmemoryPolicy: lines.get('maxmemory_policy') ?? '',
    isAppending: lines.get('aof_enabled') === '1',
    replicas: Number(lines.get('connected_slaves') ?? 0),
  };
}

/** Why this program does not work with the engine, if so (contract 10). A replica may become the primary by a failover, so it is worth waiting for. */
export function objectionTo(facts: EngineFacts): EngineRefused | EngineUnavailable | undefined {
  const { software, version } = facts;
  const [major = NaN, minor = NaN] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST[software];
  if (!(major > leastMajor || (major === leastMajor && minor >= leastMinor)))
    return new EngineRefused(
      `it is ${software} ${/^[\d.]{1,16}$/.test(version) ? version : 'of no known version'}; Redis 7.0 or Valkey 7.2 is the oldest that works`,
    );
  if (facts.isCluster)
    return new EngineRefused('it is part of a cluster; give the address of an engine that is not');
  if (facts.isLoading) return new EngineUnavailable('it is loading its data');
  if (facts.isReplica) return new EngineUnavailable('it is a replica, which takes no changes');
  return undefined;
}
