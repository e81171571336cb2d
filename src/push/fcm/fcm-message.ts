import type { Push, WakeKind } from '../../core/lanes/delivery.ts';
import type { FcmTarget } from '../../core/registry/push-target.ts';

/** One day. A trade waits for hours, not weeks, and the app reads everything at its next start. */
const TTL = '86400s';
const SOURCE = 'mostro-push-server';

/** `FCM_PAYLOAD_MODE`: a relay event wakes the app without a notice, or shows a notice even if the app was killed. */
export type FcmPayloadMode = 'silent' | 'alert';

/** The body of `messages:send` (FCM HTTP v1, contract 4). A chat wake is silent in both modes. */
export function fcmMessage(target: FcmTarget, push: Push, mode: FcmPayloadMode): string {
  const visible = mode === 'alert' && push.kind === 'silent_wake';
  return JSON.stringify({ message: visible ? alert(target, push) : silent(target, push) });
}

/**
 * Data only, so that the phone shows nothing. There is no `collapse_key`, because FCM throttles collapsible messages per device. Apple
 * demands priority 5 for a background push, and `content-available` alone in `aps`.
 */
function silent({ token }: FcmTarget, { kind, timestamp }: Push): object {
  return {
    token,
    data: { type: kind, source: SOURCE, timestamp: String(timestamp) },
    android: { priority: 'HIGH', ttl: TTL },
    apns: {
      headers: { 'apns-push-type': 'background', 'apns-priority': '5' },
      payload: { aps: { 'content-available': 1 } },
    },
  };
}

/** The notice that the incumbent shows: the same words for every user. Each notice replaces the one before. */
function alert({ token }: FcmTarget, { timestamp }: Push): object {
  const notification = { title: 'Mostro', body: 'You have an update on your trade' };
  const tag = 'mostro-trade';
  return {
    token,
    notification,
    data: { type: 'trade_update', source: SOURCE, timestamp: String(timestamp) },
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

/** Every message begins with this, followed by its token. */
const HEAD = '{"message":{"token":';
const NO_TOKEN = '""';

/** The part of a message after its token, for one second. */
interface Rest {
  readonly timestamp: number;
  readonly text: string;
}

/** Builds the bodies of `messages:send`. Within one second all wakes of a kind differ only in the token, so the rest is built once. */
export class FcmTemplate {
  readonly #mode: FcmPayloadMode;
  readonly #rests: Partial<Record<WakeKind, Rest>> = {};

  constructor(mode: FcmPayloadMode) {
    this.#mode = mode;
  }

  /** The same text as {@link fcmMessage}. */
  message({ token }: FcmTarget, push: Push): string {
    return HEAD + JSON.stringify(token) + this.#rest(push);
  }

  #rest(push: Push): string {
    const known = this.#rests[push.kind];
    if (known?.timestamp === push.timestamp) return known.text;
    const whole = fcmMessage({ type: 'fcm', token: '' }, push, this.#mode);
    const text = whole.slice(HEAD.length + NO_TOKEN.length);
    this.#rests[push.kind] = { timestamp: push.timestamp, text };
    return text;
  }
}
