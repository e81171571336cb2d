import type { Push, WakeKind } from '../../core/lanes/delivery.ts';
import { FID, type FcmTarget } from '../../core/registry/push-target.ts';

/** One day. A trade waits for hours, not weeks, and the app reads everything at its next start. */
const TTL = '86400s';
const SOURCE = 'mostro-push-server';

/** `FCM_PAYLOAD_MODE`: a relay event wakes the app without a notice, or shows a notice even if the app was killed. */
export type FcmPayloadMode = 'silent' | 'alert';

/** What the operator chooses of a message. */
export interface FcmWording {
  readonly mode: FcmPayloadMode;
  /** `FCM_DATA_TYPE`: the word in `data.type` of relay wakes; `undefined` for the usual one of the mode. */
  readonly dataType?: string | undefined;
}

/** The body of `messages:send` (FCM HTTP v1, contract 4). A chat wake is silent in both modes. */
export function fcmMessage({ token }: FcmTarget, push: Push, wording: FcmWording): string {
  const to = token.startsWith(FID) ? { fid: token.slice(FID.length) } : { token };
  return JSON.stringify({ message: { ...to, ...content(push, wording) } });
}

function content({ kind, timestamp }: Push, { mode, dataType }: FcmWording): object {
  if (kind === 'chat_wake') return silent(kind, timestamp);
  return mode === 'alert'
    ? alert(dataType ?? 'trade_update', timestamp)
    : silent(dataType ?? kind, timestamp);
}

/**
 * Data only, so that the device shows nothing. There is no `collapse_key`, because FCM throttles collapsible messages per device. Apple
 * demands priority 5 for a background push, and `content-available` alone in `aps`. One body is for phones and browsers.
 */
function silent(type: string, timestamp: number): object {
  return {
    data: { type, source: SOURCE, timestamp: String(timestamp) },
    android: { priority: 'HIGH', ttl: TTL },
    apns: {
      headers: { 'apns-push-type': 'background', 'apns-priority': '5' },
      payload: { aps: { 'content-available': 1 } },
    },
    webpush: { headers: { TTL: '86400', Urgency: 'high' } },
  };
}

/** The notice that the incumbent shows: the same words for every user. Each notice replaces the one before. */
function alert(type: string, timestamp: number): object {
  const notification = { title: 'Mostro', body: 'You have an update on your trade' };
  const tag = 'mostro-trade';
  return {
    notification,
    data: { type, source: SOURCE, timestamp: String(timestamp) },
    android: {
      priority: 'HIGH',
      ttl: TTL,
      notification: { tag, channel_id: 'mostro_notifications', default_vibrate_timings: true },
    },
    apns: {
      headers: { 'apns-priority': '10', 'apns-collapse-id': tag },
      payload: {
        aps: { alert: notification, 'content-available': 1, 'mutable-content': 1, 'thread-id': tag },
      },
    },
  };
}

/** Every message begins with one of these, followed by the device's token or installation id. */
const TO_TOKEN = '{"message":{"token":';
const TO_INSTALLATION = '{"message":{"fid":';
const NO_TOKEN = '""';

/** The part of a message after the device, for one second. */
interface Rest {
  readonly timestamp: number;
  readonly text: string;
}

/** Builds the bodies of `messages:send`. Within one second all wakes of a kind differ only in the device, so the rest is built once. */
export class FcmTemplate {
  readonly #wording: FcmWording;
  readonly #rests: Partial<Record<WakeKind, Rest>> = {};

  constructor(wording: FcmWording) {
    this.#wording = wording;
  }

  /** The same text as {@link fcmMessage}. */
  message({ token }: FcmTarget, push: Push): string {
    return token.startsWith(FID)
      ? TO_INSTALLATION + JSON.stringify(token.slice(FID.length)) + this.#rest(push)
      : TO_TOKEN + JSON.stringify(token) + this.#rest(push);
  }

  #rest(push: Push): string {
    const known = this.#rests[push.kind];
    if (known?.timestamp === push.timestamp) return known.text;
    const whole = fcmMessage({ type: 'fcm', token: '' }, push, this.#wording);
    const text = whole.slice(TO_TOKEN.length + NO_TOKEN.length);
    this.#rests[push.kind] = { timestamp: push.timestamp, text };
    return text;
  }
}
