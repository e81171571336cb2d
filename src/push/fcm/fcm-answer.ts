import { z } from 'zod';

import type { Concern, Delivery } from '../../core/lanes/delivery.ts';
import { parseJson } from '../../core/basics/parse-json.ts';

const DELIVERED: Delivery = { outcome: 'delivered' };
const UNAUTHENTICATED: Delivery = { outcome: 'retry', reason: 'unauthenticated' };

/** Together with an ApnsError: Apple refuses the project's APNs key. */
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
  /** FcmError.errorCode: without this code a status can mean many things. */
  readonly fcmCode: string | undefined;
  /** The answer has an ApnsError: it passes on an answer of Apple, and so concerns iPhones only. */
  readonly isApples: boolean;
  /** ApnsError.statusCode. */
  readonly apnsStatus: number | undefined;
}

function detailsOf(body: string): ErrorDetails {
  // FCM's errors can be empty or HTML. Such an error has no details.
  const details = ErrorAnswer.safeParse(parseJson(body)).data?.error.details ?? [];
  const apns = details.find((detail) => detail['@type'].endsWith('fcm.v1.ApnsError'));
  return {
    fcmCode: details.find((detail) => detail['@type'].endsWith('fcm.v1.FcmError'))?.errorCode,
    isApples: apns !== undefined,
    apnsStatus: apns?.statusCode,
  };
}

/** Whether FCM refused the access token. A fresh token may help after this answer, and after no other. */
export function wantsFreshToken(delivery: Delivery): boolean {
  return delivery === UNAUTHENTICATED;
}

/**
 * What FCM's answer means for the wake (Firebase: "ErrorCode" of the FCM HTTP v1 API; contract 5).
 *
 * Only `UNREGISTERED` and Apple's 410 say that a device is gone. A 404 without details is a wrong project id, and a 400 without details
 * may be our mistake: neither may remove a registration.
 *
 * @param afterMs the answer's `Retry-After`, in milliseconds
 */
export function readFcmAnswer(status: number, body: string, afterMs: number | undefined): Delivery {
  if (status === 200) return DELIVERED;
  const { fcmCode, isApples, apnsStatus } = detailsOf(body);
  if (fcmCode === 'UNREGISTERED' || apnsStatus === 410) return { outcome: 'gone' };
  if (fcmCode === 'THIRD_PARTY_AUTH_ERROR' || (isApples && REFUSED_KEY.has(status)))
    return { outcome: 'refused', reason: 'third_party_auth', blames: 'platform' };
  // A token of another project: the fault of one registration, which concerns no other device.
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
  const isOfDevice = status === 400 || (status === 404 && fcmCode !== undefined);
  const concern = blamed(isOfDevice, isApples);
  if (afterMs === undefined) return { outcome: 'refused', reason: `http_${status}`, blames: concern };
  // Whatever the status means: who says when to come again does not refuse for good.
  return {
    outcome: 'retry',
    reason: `http_${status}`,
    ...(concern !== 'provider' && { concerns: concern }),
    afterMs,
  };
}

/**
 * @param isOfDevice a 400, which is usually a malformed token, or a 404 with FCM's code, which FCM gives for a device that it does not know.
 *   Any other status is about the project or our request (403, or 404 without a code)
 */
function blamed(isOfDevice: boolean, isApples: boolean): Concern {
  if (isOfDevice) return 'device';
  return isApples ? 'platform' : 'provider';
}
