import type { StoreSurvey } from '../store/file/survey-store.ts';

/** Every registration in the clear, one JSON object a line: for another server, or another program. Times are ISO 8601. */
export function* exportLines({ registrations }: StoreSurvey): Generator<string> {
  for (const registration of registrations.values()) {
    const { tradePubkey, platform, target, registeredAt, expiresAt, woken, signed, isConversation } =
      registration;
    const line = {
      trade_pubkey: tradePubkey,
      platform,
      ...(isConversation === true && { kind: 'conversation' }),
      ...(target.type === 'fcm'
        ? { token: target.token }
        : { subscription: { endpoint: target.endpoint, ...(target.keys && { keys: target.keys }) } }),
      registered_at: new Date(registeredAt).toISOString(),
      expires_at: new Date(expiresAt).toISOString(),
      woken,
      signed,
    };
    yield `${JSON.stringify(line)}\n`;
  }
}
