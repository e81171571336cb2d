import type { Push } from '../../core/lanes/delivery.ts';
import type { FcmTarget } from '../../core/registry/push-target.ts';

/** One day: a trade waits for hours, not weeks; an older wake has been overtaken by the app's own start. */
const TTL = '86400s';
const SOURCE = 'mostro-push-server';

/** `FCM_PAYLOAD_MODE`: whether a relay event wakes the app unseen, or shows a notice even where the app was killed. */
export type FcmPayloadMode = 'silent' | 'alert';

/** The body of `messages:send` (FCM HTTP v1), as contract 4 has it. A chat wake is silent in either mode. */
export function fcmMessage(target: FcmTarget, wake: Push, mode: FcmPayloadMode): string {
  const visible = mode === 'alert' && wake.kind === 'silent_wake';
  return JSON.stringify({ message: visible ? alert(target, wake) : silent(target, wake) });
}

/**
 * Data only, so that nothing is shown. There is no `collapse_key`: FCM throttles collapsible messages per device. Apple
 * demands priority 5 for a background push, and nothing but `content-available` in `aps`.
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

/** The notice that the incumbent shows: the same words for everyone, each replacing the one before. */
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
