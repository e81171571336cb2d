import type { Push } from '../../core/lanes/delivery.ts';
import type { UnifiedPushTarget } from '../../core/registry/push-target.ts';
import { encryptMessage } from './encrypt-message.ts';

/**
 * The length that every encrypted wake is padded to, so that its length does not tell its kind. Far more than the JSON needs, so that a
 * longer JSON of a later version has the same length.
 */
const PADDED_BYTES = 128;

/** `ttl`: a push server keeps a wake for a phone that is off for one day, as FCM does. */
const COMMON_HEADERS = { ttl: '86400', urgency: 'high' } as const;

/** The request of one push, without its `Authorization`. */
export interface WakeMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * The wake for an endpoint (contract 4): encrypted if the app gave its keys, otherwise plain JSON. All wakes have the same topic, so a
 * push server that still keeps one for the endpoint replaces it and wakes once (RFC 8030, 5.4). There is no topic if registrations with
 * different keys share the endpoint: one app's wake would replace the wake of another app, which cannot read it.
 */
export function wakeMessage(
  { keys, sharesEndpoint }: UnifiedPushTarget,
  { kind, timestamp }: Push,
): WakeMessage {
  const json = Buffer.from(JSON.stringify({ type: kind, timestamp }));
  if (keys === undefined) {
    return { headers: { ...COMMON_HEADERS, 'content-type': 'application/json' }, body: json };
  }
  return {
    headers: {
      ...COMMON_HEADERS,
      ...(sharesEndpoint !== true && { topic: 'mostro-wake' }),
      'content-type': 'application/octet-stream',
      'content-encoding': 'aes128gcm',
    },
    body: encryptMessage(json, keys, PADDED_BYTES),
  };
}
