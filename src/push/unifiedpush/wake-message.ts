import type { Push } from '../../core/lanes/delivery.ts';
import type { UnifiedPushTarget } from '../../core/registry/push-target.ts';
import { encryptMessage } from './encrypt-message.ts';

/**
 * What every encrypted wake is padded to: nobody can tell one kind from another by its length. Far more than the JSON needs,
 * so that a longer one in a later version looks the same.
 */
const PADDED_BYTES = 128;

/** How long a push server may keep a wake for a phone that is off: a day, as with FCM. */
const COMMON_HEADERS = { ttl: '86400', urgency: 'high' } as const;

/** One push as it goes out, all but its `Authorization`. */
export interface WakeMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * The wake for an endpoint (contract 4): encrypted, where the app gave its keys, else as plain JSON. The topic is one for all
 * wakes: a push server that still holds one for the endpoint replaces it, instead of waking twice (RFC 8030, 5.4). Where
 * registrations with different keys share an endpoint there is none, because a wake that another app can read would be replaced.
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
