import type { Config } from '../../config/config.ts';
import type { AlarmName } from '../../core/watch/alarms.ts';
import type { Snapshot } from '../../ops/dashboard/snapshot.ts';
import type { ExplainedAlarm } from '../../ops/alarm-watch.ts';
import { askLocal } from '../admin-client.ts';
import { failure, ok, skipped, warning, type Finding } from './finding.ts';

interface Answer {
  readonly status?: string;
  readonly reasons?: readonly string[];
  readonly alarms?: readonly ExplainedAlarm[];
}

/** Asks the running server on this machine for its alarms, because some faults show only with time and traffic. */
export async function checkServer(
  admin: Config['admin'],
  known: ReadonlySet<string>,
  version: string,
): Promise<Finding[]> {
  const title = 'running server';
  const answer = await askLocal(admin, '/health/ready', { version });
  const { alarms, reasons = [] } = (answer?.body ?? {}) as Answer;
  if (alarms === undefined) return [skipped(title, `None answers on admin port ${admin.port}.`)];
  const found = [
    ...alarms.filter(({ alarm }) => !known.has(alarm)).map(findingOf),
    ...(await checkCohorts(admin, version)),
  ];
  if (answer?.status === 200 && alarms.length === 0)
    return [ok(title, 'It is ready, and no alarm stands.'), ...found];
  const isReady = answer?.status === 200;
  return [
    isReady ? ok(title, 'It is ready.') : failure(title, `It is not ready: ${reasons.join('; ')}.`),
    ...found,
  ];
}

/** How many devices the cohorts of the running server protect, if it has any. */
async function checkCohorts(admin: Config['admin'], version: string): Promise<Finding[]> {
  const answer = await askLocal(admin, '/dashboard.json', { version });
  const { cohorts } = (answer?.body ?? {}) as Partial<Pick<Snapshot, 'cohorts'>>;
  if (cohorts === undefined) return [];
  const { lingering, members, unprotected } = cohorts;
  const says = `${cohorts.cohorts} cohorts have ${members} devices: ${unprotected} are not protected, because theirs are not full; ${lingering} have no registration any more.`;
  return unprotected < members
    ? [ok('cohorts', says)]
    : [
        warning(
          'cohorts',
          says,
          'protection begins when WAKE_COHORT_SIZE devices of one kind have registered',
        ),
      ];
}

function findingOf({ alarm, count, level, provider, reason, relay, remedy }: ExplainedAlarm): Finding {
  const about = [relay, provider, count !== undefined && `${count} lanes`, reason].filter(Boolean).join(', ');
  const title: AlarmName = alarm;
  return {
    verdict: level === 'error' ? 'failure' : 'warning',
    title,
    says: `The running server says so${about === '' ? '' : ` (${about})`}.`,
    remedy,
  };
}
