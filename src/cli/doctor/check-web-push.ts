import { createECDH } from 'node:crypto';

import type { Config } from '../../config/config.ts';
import { failure, ok, skipped, warning, type Finding } from './finding.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const SUBJECT_REMEDY = 'set VAPID_SUBJECT=mailto:you@example.org, or an https PUBLIC_URL';

/** The key that push servers know this one by (RFC 8292), and whom it names. */
export async function checkWebPush({ unifiedPush }: Config, environment: Environment): Promise<Finding[]> {
  if (!unifiedPush.enabled)
    return [skipped('Web Push key', 'UnifiedPush is off (UNIFIEDPUSH_ENABLED=false).')];
  return [checkKey(environment['VAPID_PRIVATE_KEY']?.trim() ?? ''), checkSubject(environment)];
}

function checkKey(written: string): Finding {
  const title = 'Web Push key';
  if (written === '')
    return ok(title, 'It is derived from the server key: there is nothing to keep beside that one.');
  const scalar = Buffer.from(written, 'base64url');
  try {
    if (scalar.length !== 32) throw new RangeError('not 32 bytes');
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(scalar);
    return ok(
      title,
      `VAPID_PRIVATE_KEY is a key of P-256; its public key is ${curve.getPublicKey('base64url')}.`,
    );
  } catch {
    return failure(
      title,
      'VAPID_PRIVATE_KEY is no private key of P-256.',
      'give 32 bytes in base64url, or leave it out: then it is derived from the server key',
    );
  }
}

function checkSubject(environment: Environment): Finding {
  const title = 'Web Push subject';
  const subject = environment['VAPID_SUBJECT']?.trim() || environment['PUBLIC_URL']?.trim() || '';
  if (/^mailto:\S+@\S+$|^https:\/\/\S+$/.test(subject))
    return ok(title, 'Push servers can tell whom to write to.');
  return subject === ''
    ? warning(title, 'Push servers are not told whom to write to, which Apple refuses.', SUBJECT_REMEDY)
    : failure(
        title,
        'VAPID_SUBJECT (or PUBLIC_URL) is neither a mailto: address nor an https URL.',
        SUBJECT_REMEDY,
      );
}
