import { generateSecretKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { countsOf } from '../support/api-server.ts';
import type { HttpAnswer } from '../support/http.ts';
import {
  CLOCK,
  KEY,
  NOT_FOUND,
  REFUSED,
  REGISTERED,
  SECRET,
  UNREGISTERED,
  register,
  serverWith,
  signature,
  unregister,
  type Asked,
} from '../support/signed-requests.ts';

const tag = (name: string, ...values: string[]): Asked => ({
  signedBy: SECRET,
  parts: {
    template: (event) => {
      event.tags = event.tags.filter(([other]) => other !== name);
      for (const value of values) event.tags.push([name, value]);
    },
  },
});
const age = (seconds: number): Asked => ({
  signedBy: SECRET,
  parts: { createdAt: CLOCK.seconds - seconds },
});

const BAD: [string, Asked][] = [
  ['of another key', { signedBy: generateSecretKey() }],
  ['that is no base64', { authorization: 'Nostr !!!' }],
  ['that is empty', { authorization: 'Nostr' }],
  ['that is no event', { authorization: `Nostr ${Buffer.from('{}').toString('base64')}` }],
  ['of another kind', { signedBy: SECRET, parts: { template: (event) => (event.kind = 1) } }],
  ['that is 61 seconds old', age(61)],
  ['that is 61 seconds ahead', age(-61)],
  ['for another host', tag('u', 'http://push.example/api/register')],
  ['for another path', tag('u', 'http://127.0.0.1/api/notify')],
  ['without a URL', tag('u')],
  ['for another method', { signedBy: SECRET, parts: { method: 'PUT' } }],
  ['without a method', tag('method')],
  ['for another body', { signedBy: SECRET, parts: { body: '{}' } }],
  ['without a payload', tag('payload')],
  ['for two bodies', tag('payload', '0'.repeat(64), '1'.repeat(64))],
];

test.each(BAD)('a signature %s is 401, and changes nothing', async (_, asked) => {
  for (const mode of ['optional', 'required']) {
    const server = await serverWith({ REGISTRATION_AUTH: mode });
    await register(server, { signedBy: SECRET });
    expect(await register(server, { ...asked, token: 'thief' })).toMatchObject(REFUSED);
    expect(await unregister(server, asked)).toMatchObject(REFUSED);
    expect(await countsOf(server)).toContain('"total":1,"android":1');
    expect((await unregister(server, { signedBy: SECRET })).text).toBe(UNREGISTERED);
  }
});

test.each(['sig', 'id', 'pubkey', 'content', 'created_at'])(
  'a signature is 401 if the %s of its event was changed afterwards',
  async (member) => {
    const server = await serverWith();
    const body = JSON.stringify({ trade_pubkey: KEY });
    const [, encoded = ''] = signature(server, '/api/unregister', body).split(' ');
    const event = JSON.parse(Buffer.from(encoded, 'base64').toString()) as Record<string, unknown>;
    const was = event[member];
    const flipped = typeof was === 'string' ? was.replace(/^./, (c) => (c === '0' ? '1' : '0')) || 'x' : 0;
    const forged = JSON.stringify({ ...event, [member]: typeof was === 'number' ? was + 1 : flipped });
    const authorization = `Nostr ${Buffer.from(forged).toString('base64')}`;
    await register(server);
    expect(await unregister(server, { authorization })).toMatchObject(REFUSED);
    expect(await countsOf(server)).toContain('"total":1');
  },
);

test.each([60, -60, 0])('a signature that is %d seconds old is accepted', async (seconds) => {
  const server = await serverWith();
  expect((await register(server, age(seconds))).status).toBe(200);
});

test('a signature is accepted once, so that a copy of it is useless', async () => {
  const server = await serverWith();
  const body = JSON.stringify({ trade_pubkey: KEY, token: 'mine', platform: 'android' });
  const authorization = signature(server, '/api/register', body);
  const replay = (): Promise<HttpAnswer> => register(server, { authorization });
  expect((await replay()).text).toBe(REGISTERED);
  expect((await unregister(server, { signedBy: SECRET })).text).toBe(UNREGISTERED);
  expect(await replay()).toMatchObject(REFUSED);
  expect(await countsOf(server)).toContain('"total":0');
  const answers = await Promise.all(Array.from({ length: 20 }, replay));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
  expect(await server.metric('mostro_push_http_signatures_total{verdict="replayed"}')).toBe(21);
});

test('a signature is accepted for one of twenty requests at the same time', async () => {
  const server = await serverWith();
  const body = JSON.stringify({ trade_pubkey: KEY });
  const authorization = signature(server, '/api/unregister', body);
  const answers = await Promise.all(Array.from({ length: 20 }, () => unregister(server, { authorization })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
});

test('a signature must name PUBLIC_URL if it is set', async () => {
  const server = await serverWith({ PUBLIC_URL: 'https://push.example/mostro/' });
  const url = 'https://push.example/mostro/api/register';
  expect((await register(server, { signedBy: SECRET, parts: { url } })).text).toBe(REGISTERED);
  for (const other of [
    `${server.apiUrl}/api/register`,
    url.replace('https', 'http'),
    `${url}?`,
    `${url}/`,
    'https://push.example/api/register',
  ])
    expect(await register(server, { signedBy: SECRET, parts: { url: other } })).toMatchObject(REFUSED);
  const headers = { host: 'push.example' };
  expect((await unregister(server, { headers })).text).toBe(NOT_FOUND);
});

test('a signature must name the Host of the request, with either scheme, if PUBLIC_URL is not set', async () => {
  const server = await serverWith();
  const headers = { host: 'push.example:8443' };
  for (const url of ['https://push.example:8443/api/register', 'http://push.example:8443/api/register'])
    expect((await register(server, { signedBy: SECRET, parts: { url }, headers })).text).toBe(REGISTERED);
  for (const url of ['https://push.example/api/register', 'wss://push.example:8443/api/register'])
    expect(await register(server, { signedBy: SECRET, parts: { url }, headers })).toMatchObject(REFUSED);
});

test('a signature is checked only for a well-formed trade key', async () => {
  const server = await serverWith({ REGISTRATION_AUTH: 'required' });
  const answer = await register(server, { key: 'x', authorization: 'Nostr x' });
  expect(answer).toMatchObject({ status: 400 });
});
