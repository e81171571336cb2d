import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect } from 'vitest';

import type { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { sealToken } from '../../stand-ins/sealed-token.ts';
import type { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { freePort } from './free-port.ts';
import { call, postJson } from './http.ts';
import { type RunningProgram } from './program.ts';
import type { Secrets } from './secrets.ts';
import { eventFor, flipped } from './wire-events.ts';

export interface Stage {
  readonly relay: RelayStandIn;
  readonly unifiedPush: UnifiedPushStandIn;
  readonly running: RunningProgram;
  readonly secrets: Secrets;
}

export async function register({ running, secrets }: Stage, token: string, sealed = false): Promise<string> {
  const key = getPublicKey(generateSecretKey());
  secrets.addKey(`the key of ${token}`, key);
  if (token.startsWith('http')) secrets.addEndpoint(token, token);
  else secrets.add(token, token);
  const { server_pubkey } = JSON.parse((await call(`${running.apiUrl}/api/info`)).text) as {
    server_pubkey: string;
  };
  const encrypted_token = sealToken({ serverPubkey: server_pubkey, platform: 'android', token });
  secrets.addLong(`the sealed ${token}`, encrypted_token);
  const device = sealed ? { encrypted_token } : { token, platform: 'android' };
  const body = JSON.stringify({ trade_pubkey: key.toUpperCase(), ...device });
  expect((await postJson(`${running.apiUrl}/api/register`, body)).status).toBe(200);
  return key;
}

/** Registers a Web Push subscription, plain and sealed. */
async function subscribe({ running, secrets }: Stage, endpoint: string): Promise<string> {
  const key = getPublicKey(generateSecretKey());
  const subscription = new WebPushSubscription(endpoint);
  secrets.addKey(`the key of ${endpoint}`, key);
  secrets.addEndpoint(endpoint, endpoint);
  secrets.addLong(`the p256dh of ${endpoint}`, subscription.keys.p256dh);
  secrets.add(`the auth of ${endpoint}`, subscription.keys.auth);
  const bad = { endpoint, keys: { ...subscription.keys, auth: `${subscription.keys.auth}x` } };
  for (const [body, status] of [
    [{ trade_pubkey: key, subscription: bad }, 400],
    [{ trade_pubkey: key, subscription }, 200],
  ] as const) {
    const answer = await postJson(`${running.apiUrl}/api/register`, JSON.stringify(body));
    expect(answer.status).toBe(status);
    expect(secrets.foundIn(answer.text)).toEqual([]);
  }
  return key;
}

/** Wakes one device for each way in which a wake can end, and sends a forged copy before each event. */
export async function wakeEveryKindOfDevice(stage: Stage): Promise<void> {
  const { relay, running, secrets, unifiedPush } = stage;
  unifiedPush.answer = ({ headers, path }) => {
    secrets.addLong(
      'a VAPID token',
      (headers.authorization ?? 'no VAPID token at all').replace('vapid t=', ''),
    );
    const status = /Status(\d+)/.exec(path)?.[1];
    return status === undefined ? undefined : { status: Number(status), body: path };
  };
  const deadPort = await freePort();
  const devices = [
    ['fcm-plain-token', 'delivered', false],
    ['fcm-sealed-token', 'delivered', true],
    ['fcm-gone-token', 'gone', true],
    ['fcm-status403-token', 'refused', false],
    ['fcm-status400-token', 'refused', true],
    ['fcm-status500-token', 'retry', false],
    [unifiedPush.endpoint('SecretOfAlice'), 'delivered', false],
    [unifiedPush.endpoint('Status410'), 'gone', false],
    [unifiedPush.endpoint('Status500'), 'retry', true],
    [unifiedPush.endpoint('SubscriptionOfAlice'), 'delivered', 'subscription'],
    [unifiedPush.endpoint('SubscriptionStatus403'), 'refused', 'subscription'],
    [`http://127.0.0.1:${deadPort}/upDeadSecret?up=1`, 'retry', false],
    ['http://push-of-bob.invalid/upNowhereSecret?up=1', 'retry', false],
  ] as const;
  for (const [token, , sealed] of devices) {
    const key =
      sealed === 'subscription' ? await subscribe(stage, token) : await register(stage, token, sealed);
    const event = eventFor([key]);
    secrets.add(`the id of an event for ${token}`, event.id);
    secrets.add(`the author of an event for ${token}`, event.pubkey);
    secrets.addLong(`the signature of an event for ${token}`, event.sig);
    for (const member of ['content', 'sig'] as const) relay.broadcast(flipped(event, member));
    relay.broadcast(event);
  }
  for (const outcome of ['delivered', 'gone', 'refused', 'retry']) {
    // A device that is called gone is tried again at once (GONE_CONFIRM_SECONDS is 0 here).
    const times = outcome === 'gone' ? 2 : 1;
    const expected = times * devices.filter(([, ends]) => ends === outcome).length;
    // A wake that failed is tried again meanwhile, so there may be more.
    await expect
      .poll(async () => {
        const { text } = await call(`${running.adminUrl}/metrics`);
        const counts = [...text.matchAll(/^mostro_push_pushes_total\{.*outcome="(\w+)"\} (\d+)$/gm)];
        return counts.reduce((sum, [, label, count]) => sum + (label === outcome ? Number(count) : 0), 0);
      })
      .toBeGreaterThanOrEqual(expected);
  }
}

/** Every message that a relay can send, with secrets in it. */
export async function hostileFrames({ relay, running, secrets }: Stage): Promise<void> {
  const [key, id] = [getPublicKey(generateSecretKey()), 'fe'.repeat(32)];
  secrets.addKey('the key in hostile frames', key);
  secrets.add('the id in hostile frames', id);
  const subscription = relay.liveSubscription(1059);
  for (const frame of [
    ['NOTICE', `no room for ${key}`],
    ['AUTH', key],
    ['OK', id, false, `invalid: ${key}`],
    [key, id],
    ['EVENT', key, { id, kind: 1059, tags: [['p', key]] }],
    ['EOSE', key],
    ['CLOSED', key, `error: ${key}`],
    ['CLOSED', relay.liveSubscription(14), `${key}: not welcome`],
    ['CLOSED', subscription, `restricted: ${key} is not welcome`],
  ]) {
    relay.sendRaw(JSON.stringify(frame));
  }
  relay.sendRaw(`{"${key}`);
  relay.sendRaw(Buffer.from(key), { binary: true });
  await running.program.untilPrinted(/relay\.subscription_closed/);
  // Longer than a frame that is skipped unread: the connection ends.
  relay.sendRaw(key.repeat(80_000));
  await running.program.untilPrinted(/relay\.lost/);
}

/** Sends every kind of request that is refused, with secrets in it. @returns the answers */
export async function badRequests(stage: Stage): Promise<string[]> {
  const { apiUrl, adminUrl } = stage.running;
  const key = await register(stage, 'fcm-unregistered-token');
  const [token, sealed] = ['bad-request-token', Buffer.alloc(281, 'sealed').toString('base64')];
  stage.secrets.add('the token of bad requests', token);
  stage.secrets.addLong('the sealed token of bad requests', sealed);
  const url = `${apiUrl}/api/register`;
  const answers = [
    await postJson(url, JSON.stringify({ trade_pubkey: `${key}0`, token, platform: 'ios' })),
    await postJson(url, JSON.stringify({ trade_pubkey: key, token, platform: token })),
    await postJson(url, JSON.stringify({ trade_pubkey: key, token: `${token} `, platform: 'ios' })),
    await postJson(url, JSON.stringify({ trade_pubkey: key, token: `ftp://${token}/`, platform: 'ios' })),
    await postJson(url, JSON.stringify({ trade_pubkey: key, encrypted_token: sealed })),
    await postJson(url, JSON.stringify({ trade_pubkey: key, encrypted_token: `${sealed}!` })),
    await postJson(url, `{"trade_pubkey":"${key}"`),
    await postJson(url, `{"${key}":"${token.repeat(2000)}"}`),
    await call(`${apiUrl}/api/${key}/${token}`),
    await call(`${apiUrl}/api/register?${key}`, { method: 'PUT' }),
    await call(`${apiUrl}/%zz${key}`),
    await call(url, { method: 'POST', headers: { 'content-type': token }, body: key }),
    await call(`${adminUrl}/metrics`, { headers: { host: `${key}.example` } }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([
    400, 400, 400, 400, 400, 400, 400, 413, 404, 405, 400, 415, 421,
  ]);
  const unregistered = await postJson(`${apiUrl}/api/unregister`, JSON.stringify({ trade_pubkey: key }));
  expect(unregistered.text).toContain('Token unregistered successfully');
  return answers.map(({ text }) => text);
}
