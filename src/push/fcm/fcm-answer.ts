import { z } from 'zod';

import type { Concern, Delivery } from '../../core/lanes/delivery.ts';
import { parseJson } from '../../core/basics/parse-json.ts';

const DELIVERED: Delivery = { outcome: 'delivered' };
const UNAUTHENTICATED: Delivery = { outcome: 'retry', reason: 'unauthenticated' };

/** With an ApnsError beside it: Apple does not take the project's APNs key. */
const REFUSED_KEY = new Set([401, 403]);

const Detail = z.object({
  '@type': z.string().catch(''),
  errorCode: z.string().optional().catch(undefined),
  statusCode: z.number().optional().catch(undefined),
});

const ErrorAnswer = z.object({
  error: z.object({ details: z.array(Detail.catch({ '@type': '' })).catch([]) }),
});

interface ErrorDetails {
  /** FcmError.errorCode: FCM's own word, without which a status can mean many things. */
  readonly fcmCode: string | undefined;
  /** ApnsError: the answer passes on what Apple said, so it concerns iPhones alone. */
  readonly isApples: boolean;
  /** ApnsError.statusCode. */
  readonly apnsStatus: number | undefined;
}

function detailsOf(body: string): ErrorDetails {
  // FCM's errors can be empty or HTML: then there are no details.
  const details = ErrorAnswer.safeParse(parseJson(body)).data?.error.details ?? [];
  const apns = details.find((detail) => detail['@type'].endsWith('fcm.v1.ApnsError'));
  return {
    fcmCode: details.find((detail) => detail['@type'].endsWith('fcm.v1.FcmError'))?.errorCode,
    isApples: apns !== undefined,
    apnsStatus: apns?.statusCode,
  };
}

/** Whether FCM refused the access token: the one answer that a fresh token may mend. */
export function wantsFreshToken(delivery: Delivery): boolean {
  return delivery === UNAUTHENTICATED;
}

/**
 * What FCM's answer means for the wake (Firebase: "ErrorCode" of the FCM HTTP v1 API; contract 5).
 *
 * Only `UNREGISTERED`, and Apple's 410, say that a device is gone. A bare 404 is a wrong project id and a bare 400 our
 * mistake as likely as a malformed token: neither may cost anyone a registration.
 *
 * @param afterMs the answer's `Retry-After`, in milliseconds
 */
export function readFcmAnswer(status: number, body: string, afterMs: number | undefined): Delivery {
  if (status === 200) return DELIVERED;
  const { fcmCode, isApples, apnsStatus } = detailsOf(body);
  if (fcmCode === 'UNREGISTERED' || apnsStatus === 410) return { outcome: 'gone' };
  if (fcmCode === 'THIRD_PARTY_AUTH_ERROR' || (isApples && REFUSED_KEY.has(status)))
    return { outcome: 'refused', reason: 'third_party_auth', blames: 'platform' };
  // Whoever registers a token of another project does this to nobody else.
  if (fcmCode === 'SENDER_ID_MISMATCH')
    return { outcome: 'refused', reason: 'sender_id_mismatch', blames: 'device' };
  if (status === 401) return UNAUTHENTICATED;
  if (status === 429 || status >= 500) {
    return {
      outcome: 'retry',
      reason: `http_${status}`,
      ...(status === 429 && { throttled: true }),
      ...(isApples && { concerns: 'platform' }),
      ...(afterMs !== undefined && { afterMs }),
    };
  }
  // 400 is a malformed token as a rule; any other is about the project or our request (403, a 404 without FCM's word).
  return { outcome: 'refused', reason: `http_${status}`, blames: blamed(status, isApples) };
}

function blamed(status: number, isApples: boolean): Concern {
  if (status === 400) return 'device';
  return isApples ? 'platform' : 'provider';
}
