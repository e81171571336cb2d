import type { Config } from '../../config/config.ts';
import { GOOGLE, type ClockSkew } from '../../core/watch/clock-skew.ts';
import { isKeyRefused } from '../../core/watch/find-alarms.ts';
import type { WayOut } from '../../net/way-out.ts';
import { SILENT_TELEMETRY } from '../../ops/telemetry.ts';
import { fcmDryRun, type DryRun } from '../../push/fcm/fcm-dry-run.ts';
import type { ServiceAccount } from '../../push/fcm/service-account.ts';
import { alarmed, ok, skipped, type Finding } from './finding.ts';

export interface FcmCheck {
  readonly config: Config['fcm'];
  readonly account: ServiceAccount | undefined;
  /** Whether the key file is not usable, which is a finding of its own. */
  readonly isKeyFileBad: boolean;
  readonly skew: ClockSkew;
  readonly userAgent: string;
  readonly wayOut: WayOut;
}

/** Gets an access token and makes a dry run of a push. It tells a bad key, a wrong project and a service that is down apart. */
export async function checkFcm({
  account,
  config,
  isKeyFileBad,
  skew,
  userAgent,
  wayOut,
}: FcmCheck): Promise<Finding[]> {
  if (!config.enabled) return [skipped('FCM', 'It is off (FCM_ENABLED=false).')];
  if (isKeyFileBad) return [skipped('FCM', 'Its key file is not usable, see above.')];
  if (account === undefined)
    return [
      alarmed(
        'FCM without credentials',
        'No service account key file is configured, so Android and iOS devices are not woken.',
      ),
    ];
  const onDate = (date: unknown): void => void skew.note(GOOGLE, date);
  const run = await fcmDryRun({
    account,
    baseUrl: config.baseUrl,
    clock: Date.now,
    userAgent,
    wayOut,
    telemetry: SILENT_TELEMETRY,
    onDate,
  });
  return judge(run, account.projectId, skew);
}

function judge({ reason, result }: DryRun, project: string, skew: ClockSkew): Finding[] {
  switch (result) {
    case 'accepted':
      return [
        ok('OAuth', 'Google gives access tokens for the key file.'),
        ok(
          'FCM',
          `It takes this server's messages for the project ${project} (a dry run: no device was woken).`,
        ),
      ];
    case 'project':
      return [
        ok('OAuth', 'Google gives access tokens for the key file.'),
        alarmed('wrong project', `FCM does not let this key send for the project ${project} (${reason}).`),
      ];
    case 'fcm':
      return [
        ok('OAuth', 'Google gives access tokens for the key file.'),
        alarmed(reason === 'http_429' ? '429 pause' : 'FCM down', `It did not take a dry run (${reason}).`),
      ];
    case 'oauth':
      if (!isKeyRefused(reason)) return [alarmed('OAuth down', `Google gave no access token (${reason}).`)];
      // With a wrong clock the best key is refused: the clock has a finding of its own.
      return skew.isOff
        ? [skipped('FCM', `Google refused the key (${reason}), as it does where the clock is off.`)]
        : [
            alarmed(
              'bad key file',
              `Google refuses the key (${reason}): it was deleted, or is not what Google made.`,
            ),
          ];
  }
}
