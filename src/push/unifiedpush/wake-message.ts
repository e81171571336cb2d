import type { Push } from '../../core/lanes/delivery.ts';
import type { UnifiedPushTarget } from '../../core/registry/push-target.ts';
import { encryptMessage } from './encrypt-message.ts';

/**
 * The length that every encrypted wake is padded to, or a multiple of it, so that its length does not tell its kind. Far more than the
 * usual JSON needs, so that a longer JSON of a later version has the same length.
 */
const PADDED_BYTES = 128;
/** Of the JSON without a notice, until the year 2286. */
const USUAL_BYTES = '{"type":"silent_wake","timestamp":1700000000}'.length;

/** What a browser shows for a wake if the page's own code shows nothing (Declarative Web Push). */
export interface Notice {
  readonly title: string;
  /** The page that the notice opens. */
  readonly url: string;
}

/** A notice as the end of the JSON of each wake, which is the same for all. */
export interface WrittenNotice {
  readonly json: string;
  readonly paddedBytes: number;
}

/** The end of a JSON without a notice. */
const NO_NOTICE: WrittenNotice = { json: '}', paddedBytes: PADDED_BYTES };

/** Writes the notice of all wakes for subscriptions, once. */
export function writeNotice(notice: Notice | undefined): WrittenNotice {
  if (notice === undefined) return NO_NOTICE;
  const { title, url: navigate } = notice;
  const members = JSON.stringify({ web_push: 8030, notification: { title, navigate } });
  const json = `,${members.slice(1)}`;
  const bytes = USUAL_BYTES + Buffer.byteLength(json);
  return { json, paddedBytes: Math.ceil(bytes / PADDED_BYTES) * PADDED_BYTES };
}

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
 *
 * @param notice for encrypted wakes only
 */
export function wakeMessage(
  { keys, sharesEndpoint }: UnifiedPushTarget,
  { kind, timestamp }: Push,
  notice: WrittenNotice,
): WakeMessage {
  const json = `{"type":"${kind}","timestamp":${timestamp}`;
  if (keys === undefined) {
    const headers = { ...COMMON_HEADERS, 'content-type': 'application/json' };
    return { headers, body: Buffer.from(`${json}}`) };
  }
  return {
    headers: {
      ...COMMON_HEADERS,
      ...(sharesEndpoint !== true && { topic: 'mostro-wake' }),
      'content-type': 'application/octet-stream',
      'content-encoding': 'aes128gcm',
    },
    body: encryptMessage(Buffer.from(json + notice.json), keys, notice.paddedBytes),
  };
}
