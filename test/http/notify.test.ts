import { expect, test } from 'vitest';

import { apiServer, freshKey } from '../support/api-server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { call, postJson, type HttpAnswer } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ACCEPTED = '{"accepted":true}';

function notify(url: string, body: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
  return call(`${url}/api/notify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });

/** Everything that a client sees, apart from what is different in every answer. */
const bytes = ({ status, headers, text }: HttpAnswer): object => {
  const { date: _, 'x-request-id': __, ...rest } = headers;
  return { status, headers: rest, text };
};

test('the answer of /api/notify is the same for a registered key, an unregistered key, and a key that is not on the curve', async () => {
  const { server, phone } = await setScene();
  const bob = await phone();
  const answers = await Promise.all(
    [bob.tradePubkey, freshKey(), 'f'.repeat(64)].map((key) => notify(server.apiUrl, { trade_pubkey: key })),
  );
  expect(answers.map(bytes)).toEqual(answers.map(() => bytes(answers[0] as HttpAnswer)));
  expect(answers[0]).toMatchObject({ status: 202, text: ACCEPTED });
});

test('the answer of /api/notify has a fresh x-request-id, and ignores the request’s', async () => {
  const { apiUrl } = await apiServer();
  const ids: unknown[] = [];
  const headers = { 'x-request-id': 'mine', 'X-Request-ID': 'mine' };
  for (const [body, status] of [
    [JSON.stringify({ trade_pubkey: freshKey() }), 202],
    [JSON.stringify({ trade_pubkey: 'x' }), 400],
    ['{', 400],
    ['x'.repeat(20_000), 413],
  ] as const) {
    const answer = await notify(apiUrl, body, headers);
    expect(answer.status).toBe(status);
    ids.push(answer.headers['x-request-id']);
  }
  ids.push((await call(`${apiUrl}/api/notify`, { headers })).headers['x-request-id']);
  ids.push((await call(`${apiUrl}/api/notify`, { method: 'POST', headers })).headers['x-request-id']);
  for (const id of ids) expect(id).toMatch(UUID_V4);
  expect(new Set(ids).size).toBe(ids.length);
  expect((await call(`${apiUrl}/api/health`, { headers })).headers['x-request-id']).toBeUndefined();
});

test.each([
  ['no key', {}],
  ['a short key', { trade_pubkey: 'ab' }],
  ['a key that is no text', { trade_pubkey: 7 }],
  ['no object', '[]'],
])('the answer of /api/notify is 400 for %s', async (_, body) => {
  const { apiUrl } = await apiServer();
  expect(await notify(apiUrl, body)).toMatchObject({
    status: 400,
    text: '{"success":false,"message":"Invalid trade_pubkey format (expected 64 hex characters)"}',
  });
});

/** Asks until an answer is not 202. At least ten are, and at most two hundred. */
async function firstRefused(ask: (n: number) => Promise<HttpAnswer>): Promise<HttpAnswer> {
  for (let n = 0; n < 200; n++) {
    const answer = await ask(n);
    if (answer.status === 202) continue;
    expect([answer.status, n >= 10]).toEqual([429, true]);
    return answer;
  }
  throw new Error('two hundred requests were accepted');
}

test('the answer of /api/notify is the same 429 for every limit', async () => {
  // The time stands still, so that no allowance comes back meanwhile.
  const environment = { NOTIFY_TRUST_PROXY_HEADERS: 'true' };
  const server = keep(await startTestServer({ environment, clock: new FakeClock().read }));
  const key = freshKey();
  // A busy machine sends slowly, so that the allowance grows meanwhile. The number of requests is tested in limits.test.ts.
  const byKey = await firstRefused((n) => notify(server.apiUrl, { trade_pubkey: key }, from(`192.0.2.${n}`)));
  const byAddress = await firstRefused(() =>
    notify(server.apiUrl, { trade_pubkey: freshKey() }, from('192.0.2.99')),
  );
  expect(byKey.text).toBe('{"success":false,"message":"rate limited"}');
  expect(byAddress.text).toBe(byKey.text);
  const { 'retry-after': wait, ...rest } = byKey.headers;
  expect(wait).toMatch(/^[12]$/);
  expect(byAddress.headers['retry-after']).toBe('1');
  expect(bytes({ ...byAddress, headers: { ...byAddress.headers, 'retry-after': wait } })).toEqual(
    bytes(byKey),
  );
  expect(rest['x-request-id']).toMatch(UUID_V4);
  expect(await server.metric('mostro_push_http_rate_limited_total{limit="notify_key"}')).toBe(1);
  expect(await server.metric('mostro_push_http_rate_limited_total{limit="notify_address"}')).toBe(1);
});

test('five thousand requests to /api/notify from a hundred connections are all accepted', async () => {
  const server = await apiServer({
    NOTIFY_RATE_PER_IP_PER_MIN: '100000000',
    NOTIFY_RATE_PER_PUBKEY_PER_MIN: '100000000',
  });
  const body = JSON.stringify({ trade_pubkey: freshKey() });
  const answers = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const statuses: (number | undefined)[] = [];
      for (let n = 0; n < 50; n++)
        statuses.push((await postJson(`${server.apiUrl}/api/notify`, body)).status);
      return statuses;
    }),
  );
  expect(new Set(answers.flat())).toEqual(new Set([202]));
  expect(await server.metric('mostro_push_chat_announcements_total')).toBe(5000);
});
