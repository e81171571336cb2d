import { unreachable } from '../core/basics/unreachable.ts';
import type { PushTarget } from '../core/registry/push-target.ts';
import type { Registration } from '../core/registry/registration.ts';

/** Every registration unencrypted, one JSON object a line, for another server or program. Times are ISO 8601. */
export function* exportLines(registrations: Iterable<Registration>): Generator<string> {
  for (const registration of registrations) {
    const { tradePubkey, platform, target, registeredAt, expiresAt, woken, signed, isConversation } =
      registration;
    const { wakePolicy } = registration;
    const line = {
      trade_pubkey: tradePubkey,
      platform,
      ...(isConversation === true && { kind: 'conversation' }),
      ...addressFields(target),
      ...(wakePolicy !== undefined && { wake_policy: wakePolicy }),
      registered_at: new Date(registeredAt).toISOString(),
      expires_at: new Date(expiresAt).toISOString(),
      woken,
      signed,
    };
    yield `${JSON.stringify(line)}\n`;
  }
}

/** The target in the fields in which a client registers it. */
function addressFields(target: PushTarget): { token: string } | { subscription: object } {
  switch (target.type) {
    case 'fcm':
      return { token: target.token };
    case 'unifiedpush': {
      const { endpoint, keys } = target;
      return { subscription: keys === undefined ? { endpoint } : { endpoint, keys } };
    }
    default:
      return unreachable(target);
  }
}
