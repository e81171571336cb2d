import type { Config } from '../../config/config.ts';
import { isRefusedByApple } from '../../config/vapid.ts';
import { vapidKey } from '../../crypto/vapid-key.ts';
import { failure, ok, skipped, warning, type Finding } from './finding.ts';

const KEY = 'Web Push key';
const SUBJECT = 'Web Push subject';
const SUBJECT_REMEDY = 'set VAPID_SUBJECT=mailto:you@example.org, or an https PUBLIC_URL';

/**
 * Checks the key with which this server signs its Web Push requests (RFC 8292), and the contact that it names in them.
 *
 * @param unusable the variables that the configuration was refused for
 */
export async function checkWebPush(
  { unifiedPush, vapid }: Config,
  unusable: ReadonlySet<string>,
): Promise<Finding[]> {
  if (!unifiedPush.enabled) return [skipped(KEY, 'UnifiedPush is off (UNIFIEDPUSH_ENABLED=false).')];
  return [
    unusable.has('VAPID_PRIVATE_KEY')
      ? failure(KEY, 'VAPID_PRIVATE_KEY is not usable, see above.', 'leave it out to derive the key')
      : checkKey(vapid),
    unusable.has('VAPID_SUBJECT')
      ? failure(SUBJECT, 'VAPID_SUBJECT is not usable, see above.', SUBJECT_REMEDY)
      : checkSubject(vapid),
  ];
}

function checkKey({ privateKey }: Config['vapid']): Finding {
  if (privateKey === undefined) return ok(KEY, 'It is derived from the server key: no second key to keep.');
  const { publicKey } = vapidKey(privateKey.reveal());
  return ok(KEY, `VAPID_PRIVATE_KEY is a key of P-256; its public key is ${publicKey}.`);
}

function checkSubject({ subject }: Config['vapid']): Finding {
  if (subject === undefined)
    return warning(
      SUBJECT,
      'Push servers are given no contact for this server. Apple refuses that.',
      SUBJECT_REMEDY,
    );
  return isRefusedByApple(subject)
    ? warning(
        SUBJECT,
        `Push servers are given ${subject} as the contact for this server. Apple refuses a host that is not on the internet.`,
        SUBJECT_REMEDY,
      )
    : ok(SUBJECT, `Push servers are given ${subject} as the contact for this server.`);
}
