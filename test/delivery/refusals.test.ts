import { expect, test } from 'vitest';

import type { Answer } from '../../stand-ins/http-exchange.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

test.each<[string, Answer, string, string]>([
  ['a 404 without FCM’s word', fcmError(404), 'wake.refused', 'http_404'],
  ['a 403 without FCM’s word', fcmError(403), 'wake.refused', 'http_403'],
  ['Apple’s key refused', fcmError(401, 'THIRD_PARTY_AUTH_ERROR'), 'wake.refused', 'third_party_auth'],
  [
    'a 403 for another sender',
    fcmError(403, 'SENDER_ID_MISMATCH'),
    'wake.device_refused',
    'sender_id_mismatch',
  ],
  ['a 400', fcmError(400, 'INVALID_ARGUMENT'), 'wake.device_refused', 'http_400'],
])('%s is logged with who is to blame, and its device is woken once it is over', async (...refusal) => {
  const [, answer, line, reason] = refusal;
  const { relay, google, phone, server, woken } = await setScene();
  const alice = await phone();
  google.answer = ({ token }) => (token === alice.token ? answer : undefined);
  relay.broadcast(eventFor([alice.tradePubkey]));
  const [logged] = await server.log.atLeast(1, { where: ({ msg }) => msg === line });
  expect(logged?.reason).toBe(reason);
  await untilMetric(server, 'mostro_push_pushes_total{provider="fcm",outcome="refused"}', 1);
  expect(await server.metric('mostro_push_wakes_owed_total{provider="fcm",reason="refused"}')).toBe(1);

  google.answer = undefined;
  // No further event comes: this is the owed wake.
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  expect(await woken()).toEqual([alice.token]);
  expect(await server.metric('mostro_push_registrations_forgotten_total')).toBe(0);
});
