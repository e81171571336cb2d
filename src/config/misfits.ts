import type { Values, VariableName } from './variables.ts';
import { unwrap } from './written-text.ts';

/** Variables that mean nothing without another one. */
const NEEDS: readonly (readonly [VariableName, VariableName])[] = [
  ['MOSTRO_RELAY_DISCOVERY', 'MOSTRO_PUBKEYS'],
  ['WEBPUSH_NOTICE_TITLE', 'WEBPUSH_NOTICE_URL'],
  ['WEBPUSH_NOTICE_URL', 'WEBPUSH_NOTICE_TITLE'],
];

const EVERY_ADDRESS = new Set(['0.0.0.0', '::']);

/**
 * The problems of variables that are right alone and do not fit together. A value that is wrong has a problem of its own and is not in
 * `values`. A value that has no effect without another one is deleted.
 */
export function misfits(
  values: { -readonly [Name in VariableName]?: Values[Name] },
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const isWritten = (name: VariableName): boolean => unwrap(environment[name] ?? '') !== '';
  const problems: string[] = [];
  for (const [name, needed] of NEEDS) {
    if (values[name] === undefined || values[name] === false || isWritten(needed)) continue;
    delete values[name];
    problems.push(`${name}: needs ${needed}`);
  }
  if (values.STORE === 'redis' && !isWritten('REDIS_URL'))
    problems.push('STORE: redis needs REDIS_URL, the address of Redis or Valkey');
  return [...problems, ...cohortsWithoutStore(values), ...portClash(values)];
}

/** Cohorts that begin anew at each start would tell more with every restart. */
function cohortsWithoutStore(values: Partial<Values>): string[] {
  const { STORE: store, WAKE_POLICIES_OFFERED: offered = [], WAKE_POLICY: policy } = values;
  const names = [
    ...(policy === 'cohorts' ? ['WAKE_POLICY'] : []),
    ...(offered.includes('cohorts') ? ['WAKE_POLICIES_OFFERED'] : []),
  ];
  return store !== 'memory'
    ? []
    : names.map(
        (name) =>
          `${name}: cohorts needs STORE=file or STORE=redis, since who is woken with whom must outlive a restart`,
      );
}

/** Both listeners cannot have the same port of the same address. */
function portClash(values: Partial<Values>): string[] {
  const {
    ADMIN_HOST: adminHost = '',
    ADMIN_PORT: adminPort,
    SERVER_HOST: host = '',
    SERVER_PORT: port,
  } = values;
  if (adminPort === undefined || adminPort === 0 || adminPort !== port) return [];
  const meet = host === adminHost || EVERY_ADDRESS.has(host) || EVERY_ADDRESS.has(adminHost);
  return meet ? ['ADMIN_PORT: SERVER_PORT is the same port; expected another one'] : [];
}
