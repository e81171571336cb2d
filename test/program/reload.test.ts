import { generateKeyPairSync } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { Daemon } from '../../stand-ins/daemon.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { call, postJson } from '../support/http.ts';
import { injected } from '../support/injected-fault.ts';
import { keep } from '../support/keep.ts';
import { ALONE, googleEnvironment, run, serve, type RunningProgram } from '../support/program.ts';
import { registeredPhone } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { eventFor } from '../support/wire-events.ts';

/** The program with an `.env` that the test can change. Variables of the environment would win over the file. */
async function serveWithFile(
  variables: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningProgram & { rewrite(changed: Readonly<Record<string, string>>): Promise<void> }> {
  const directory = await tempDirectory();
  const write = (all: Readonly<Record<string, string>>): Promise<void> =>
    writeFile(
      join(directory, '.env'),
      Object.entries(all)
        .map((pair) => pair.join('='))
        .join('\n'),
    );
  await write(variables);
  // An empty variable counts as unset.
  const running = await serve({ NOSTR_RELAYS: '', ...environment }, directory);
  const rewrite = async (changed: Readonly<Record<string, string>>): Promise<void> => {
    await write({ ...variables, ...changed });
    running.program.kill('SIGHUP');
  };
  return { ...running, rewrite };
}

const keyPathIn = (environment: Readonly<Record<string, string>>): string =>
  environment['FIREBASE_SERVICE_ACCOUNT_PATH'] ?? '';

const relaysOf = async ({ apiUrl }: RunningProgram): Promise<string[]> => {
  const { relays } = JSON.parse((await call(`${apiUrl}/api/status`)).text) as { relays: { url: string }[] };
  return relays.map(({ url }) => url);
};

test('SIGHUP without LOG_FILE ends nothing, and says what has come into force', async () => {
  const { program, apiUrl } = await serve();
  program.kill('SIGHUP');
  await program.untilPrinted(
    /"message":"no variable that takes effect at once has changed","msg":"config\.reloaded"/,
  );
  expect(await call(`${apiUrl}/api/health`)).toMatchObject({ status: 200 });
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

test('SIGHUP puts another relay list into force, without a word to the relay that stays', async () => {
  const [stays, goes, comes] = [
    keep(await RelayStandIn.start()),
    keep(await RelayStandIn.start()),
    keep(await RelayStandIn.start()),
  ];
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const running = await serveWithFile(
    { NOSTR_RELAYS: `${stays.url},${goes.url}` },
    await googleEnvironment(google),
  );
  await Promise.all([stays, goes].map((relay) => relay.subscribed(1059)));
  const alice = await registeredPhone({ name: 'alice', serverUrl: running.apiUrl, kind: 'ios' });
  await running.rewrite({ NOSTR_RELAYS: `${stays.url},${comes.url}` });
  await comes.subscribed(1059);
  await running.program.untilPrinted(/"message":"NOSTR_RELAYS","msg":"config\.reloaded"/);
  comes.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
  expect((await relaysOf(running)).toSorted()).toEqual([stays.url, comes.url].toSorted());
  const lostIt = new RegExp(`"relay":"${new URL(stays.url).host}"[^\\n]*"relay\\.lost"`);
  expect(running.program.output()).not.toMatch(lostIt);
});

test('SIGHUP puts another spelling of a relay into force: it is asked to admit the server under the new one', async () => {
  const relay = keep(
    await RelayStandIn.start({ auth: { kinds: [1059], accepts: (url) => url?.startsWith('WS:') === true } }),
  );
  const running = await serveWithFile({ NOSTR_RELAYS: relay.url });
  await running.program.untilPrinted(/relay\.authentication_refused/);
  const written = relay.url.replace('ws:', 'WS:');
  await running.rewrite({ NOSTR_RELAYS: written });
  await running.program.untilPrinted(/relay\.authenticated/);
  const auths = await relay.auths.atLeast(3);
  expect(auths.map(({ tags }) => tags[0]?.[1])).toEqual([relay.url, `${relay.url}/`, written]);
});

test('SIGHUP puts other Mostro instances into force, for registrations, events and relay lists, and the relay keeps its connection', async () => {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const [former, latter] = [keep(new Daemon()), keep(new Daemon())];
  const running = await serveWithFile(
    {
      NOSTR_RELAYS: relay.url,
      MOSTRO_PUBKEYS: former.pubkey,
      MOSTRO_RELAY_DISCOVERY: 'true',
      TRUSTED_WHITELIST_ENABLED: 'true',
    },
    await googleEnvironment(google),
  );
  await relay.subscribed(10_002);
  const register = async (trade_pubkey: string): Promise<number | undefined> => {
    const body = { trade_pubkey, token: 'a-token', platform: 'ios', mostro_pubkey: latter.pubkey };
    return (await postJson(`${running.apiUrl}/api/register`, JSON.stringify(body))).status;
  };
  const key = getPublicKey(generateSecretKey());
  expect(await register(key)).toBe(403);
  await running.rewrite({ MOSTRO_PUBKEYS: `${former.pubkey}\t${latter.pubkey}` });
  await running.program.untilPrinted(/"message":"MOSTRO_PUBKEYS","msg":"config\.reloaded"/);
  expect(await register(key)).toBe(200);
  relay.broadcast(eventFor([key], { kind: 14, secretKey: latter.secretKey }));
  await google.pushes.atLeast(1);
  const asked = (): unknown =>
    relay.requests.all.flatMap(({ filters }) => filters).findLast(({ kinds }) => kinds?.[0] === 10_002)
      ?.authors;
  await expect.poll(asked).toEqual([former.pubkey, latter.pubkey]);
  // What is gone is gone at once, too, and what a reload cannot change is named.
  await running.rewrite({ MOSTRO_PUBKEYS: former.pubkey, CORS_ALLOWED_ORIGINS: 'https://a.example' });
  await running.program.untilPrinted(/"message":"CORS_ALLOWED_ORIGINS","msg":"config\.restart_needed"/);
  expect(await register(getPublicKey(generateSecretKey()))).toBe(403);
  expect(running.program.output()).not.toMatch(/relay\.lost/);
  expect(relay.clientCount).toBe(1);
});

test('SIGHUP puts another log level into force', async () => {
  const running = await serveWithFile({ LOG_LEVEL: 'info' });
  await running.rewrite({ LOG_LEVEL: 'debug' });
  await running.program.untilPrinted(/"message":"LOG_LEVEL","msg":"config\.reloaded"/);
  await registeredPhone({ name: 'alice', serverUrl: running.apiUrl, kind: 'ios' });
  await running.program.untilPrinted(/registration\.stored/);
});

test('SIGHUP with a configuration that is not usable changes nothing, and names every problem', async () => {
  const relay = keep(await RelayStandIn.start());
  const running = await serveWithFile({ NOSTR_RELAYS: relay.url });
  await running.rewrite({ NOSTR_RELAYS: 'ws://127.0.0.1:9', STORE: 'sqlite', COOLDOWN_MS: 'long' });
  await running.program.untilPrinted(/"message":".*","msg":"config\.reload_refused"/);
  expect(running.program.output()).toMatch(
    /STORE: expected [^\n]*COOLDOWN_MS: expected|COOLDOWN_MS: [^\n]*STORE: /,
  );
  expect(await relaysOf(running)).toEqual([relay.url]);
  expect(await call(`${running.apiUrl}/api/health`)).toMatchObject({ status: 200 });
});

test('SIGHUP names the variables of outgoing proxies, in small letters too, and no password of theirs', async () => {
  const running = await serveWithFile({ https_proxy: 'http://127.0.0.1:9' });
  await running.rewrite({
    https_proxy: 'http://operator:s3cret@127.0.0.1:9',
    no_proxy: 'direct.example',
    TOR_SOCKS: '127.0.0.1:9050',
  });
  await running.program.untilPrinted(
    /"message":"HTTPS_PROXY, NO_PROXY, TOR_SOCKS","msg":"config\.restart_needed"/,
  );
  expect(running.program.output()).not.toContain('s3cret');
});

test('SIGHUP names what waits for the next start, until it is as it was', async () => {
  const running = await serveWithFile({ SERVER_PRIVATE_KEY: 'ab'.repeat(32) });
  await running.rewrite({ SERVER_PRIVATE_KEY: 'cd'.repeat(32), COOLDOWN_MS: '1000' });
  const named =
    /"message":"(?:SERVER_PRIVATE_KEY, COOLDOWN_MS|COOLDOWN_MS, SERVER_PRIVATE_KEY)","msg":"config\.restart_needed"/;
  await running.program.untilPrinted(named);
  await running.rewrite({});
  await running.program.untilPrinted(
    /restart_needed[^]*"message":"no variable that takes effect at once has changed","msg":"config\.reloaded"/,
  );
  expect(running.program.output().match(/restart_needed/g)).toHaveLength(1);
});

/** Whether the process catches SIGHUP (signal 1): then the last hexadecimal digit of SigCgt is odd. */
const takesIt = async (pid: number): Promise<boolean> =>
  /^SigCgt:\t[0-9a-f]*[13579bdf]$/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''));

test('SIGHUP during the start ends nothing, and is not lost, from the first moment at which the process takes it', async () => {
  const program = await run([], ALONE);
  while (!(await takesIt(program.pid))) await new Promise(setImmediate);
  const hangingUp = setInterval(() => program.kill('SIGHUP'), 1);
  await program.untilPrinted(/server\.started/).finally(() => clearInterval(hangingUp));
  await program.untilPrinted(/config\.reloaded/);
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

test('SIGHUP during the start is remembered from before anything of the program is loaded', async () => {
  const source = `process.on('newListener', (name) => name === 'SIGHUP' && setImmediate(() => process.kill(process.pid, 'SIGHUP')));`;
  const { program } = await serve(await injected(source));
  await program.untilPrinted(/config\.reloaded/);
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

/** The program with a key that Google refuses, and the file that Google takes. */
async function serveWithRefusedKey(): Promise<
  RunningProgram & { path: string; google: GoogleStandIn; relay: RelayStandIn; good: string }
> {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const environment = {
    NOSTR_RELAYS: relay.url,
    RETRY_MIN_MS: '20',
    RETRY_BASE_MS: '20',
    ...(await googleEnvironment(google)),
  };
  const path = keyPathIn(environment);
  const good = await readFile(path, 'utf8');
  await writeFile(
    path,
    JSON.stringify({
      ...google.serviceAccount,
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    }),
  );
  return { ...(await serve(environment)), path, google, relay, good };
}

test('a key file of Firebase that is replaced after Google has refused the old one is read by itself, and what waited arrives', async () => {
  const { program, apiUrl, google, good, path, relay } = await serveWithRefusedKey();
  await relay.subscribed(1059);
  const alice = await registeredPhone({ name: 'alice', serverUrl: apiUrl, kind: 'ios' });
  relay.broadcast(eventFor([alice.tradePubkey]));
  await program.untilPrinted(/fcm\.oauth_failed/);
  // With half of the file the old key stays, and the log says why.
  await writeFile(path, good.slice(0, 200));
  await program.untilPrinted(/is not JSON","msg":"fcm\.key_file_unusable"/);
  await writeFile(`${path}.new`, good);
  await rename(`${path}.new`, path);
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(alice.token);
  expect(program.output()).toContain('fcm.key_replaced');
  expect(program.output().match(/fcm\.key_file_unusable/g)).toHaveLength(1);
});

test('a key file of Firebase that is replaced is read at SIGHUP too', async () => {
  const { program, google, good, path } = await serveWithRefusedKey();
  await program.untilPrinted(/fcm\.oauth_failed/);
  await writeFile(path, good);
  program.kill('SIGHUP');
  await program.untilPrinted(/fcm\.key_replaced/);
  await google.tokenRequests.atLeast(1, { where: ({ status }) => status === 200 });
});

test('a key file of Firebase that is replaced by one that is not usable is refused at SIGHUP, and the old one goes on', async () => {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: relay.url, ...(await googleEnvironment(google)) };
  const { program, apiUrl } = await serve(environment);
  await writeFile(keyPathIn(environment), '{"private_key":"a secret"}');
  program.kill('SIGHUP');
  await program.untilPrinted(/FIREBASE_SERVICE_ACCOUNT_PATH: .*","msg":"config\.reload_refused"/);
  expect(program.output()).not.toContain('a secret');
  await relay.subscribed(1059);
  const alice = await registeredPhone({ name: 'alice', serverUrl: apiUrl, kind: 'ios' });
  relay.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1);
});
