import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { Daemon } from '../../stand-ins/daemon.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { takePort } from '../support/free-port.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { canMount, withReadOnly } from '../support/mounted.ts';
import { googleEnvironment, outcome, run, serve, type Program } from '../support/program.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { registeredPhone } from '../support/scene.ts';

test('a start with no configuration prints on one screen what is on, what is off and how to turn it on, and serves', async () => {
  const { program, apiUrl, adminUrl } = await serve();
  const screen = program.output();
  const { server_pubkey } = JSON.parse((await call(`${apiUrl}/api/info`)).text) as {
    server_pubkey: string;
  };
  expect(screen).toContain(server_pubkey);
  expect(screen).toMatch(/npub1[02-9ac-hj-np-z]{58}/);
  expect(screen).toMatch(/HTTP API +http:\/\/0\.0\.0\.0:\d+/);
  expect(screen).toMatch(/admin +http:\/\/127\.0\.0\.1:\d+/);
  expect(screen).toMatch(/FCM +waiting for credentials: set FIREBASE_SERVICE_ACCOUNT_PATH/);
  expect(screen).toMatch(/UnifiedPush +on/);
  expect(screen).toMatch(/registrations +in memory: a restart forgets all but UnifiedPush endpoints/);
  expect(screen.split('\n').length).toBeLessThan(40);
  expect(await call(`${apiUrl}/api/health`)).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  expect(await call(`${adminUrl}/health/live`)).toMatchObject({ status: 200 });
});

test('a start with no configuration makes a key that only its owner can read, and the next start keeps it', async () => {
  const directory = await tempDirectory();
  const first = await serve({}, directory);
  const file = join(directory, 'data', 'server.key');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(directory, 'data'))).mode & 0o777).toBe(0o700);
  const info = await call(`${first.apiUrl}/api/info`);
  const key = await readFile(file, 'utf8');
  expect(first.program.output()).not.toContain(key.trim());
  first.program.kill('SIGTERM');
  expect(await first.program.exited).toBe(0);

  const second = await serve({}, directory);
  expect(await call(`${second.apiUrl}/api/info`)).toMatchObject({ text: info.text });
  expect(await readFile(file, 'utf8')).toBe(key);
  expect(await readdir(join(directory, 'data'))).toEqual(['server.key']);
});

test('the key file that every user can read stops the start with 78 and the command that mends it', async () => {
  const directory = await tempDirectory();
  const file = join(directory, 'server.key');
  await writeFile(file, `${'ab'.repeat(32)}\n`, { mode: 0o600 });
  await chmod(file, 0o644);
  const { code, stderr } = await outcome([], { SERVER_PRIVATE_KEY_FILE: file });
  expect(code).toBe(78);
  expect(stderr).toContain(`chmod 600 ${file}`);
  expect(stderr).not.toContain('abab');
});

test('the key file that holds no key stops the start with 78, and is left as it is', async () => {
  const directory = await tempDirectory();
  const file = join(directory, 'server.key');
  await writeFile(file, 'not a key, but a secret', { mode: 0o600 });
  const { code, stderr } = await outcome([], { SERVER_PRIVATE_KEY_FILE: file });
  expect(code).toBe(78);
  expect(stderr).toContain(file);
  expect(stderr).not.toContain('a secret');
  expect(await readFile(file, 'utf8')).toBe('not a key, but a secret');
});

test('the key file that its group can read is warned about, and the server serves', async () => {
  const directory = await tempDirectory();
  const file = join(directory, 'server.key');
  await writeFile(file, `${'ab'.repeat(32)}\n`, { mode: 0o600 });
  await chmod(file, 0o640);
  const { program, apiUrl } = await serve({ SERVER_PRIVATE_KEY_FILE: file });
  expect(program.output()).toMatch(/! .*server\.key .*its group/);
  expect(await call(`${apiUrl}/api/health`)).toMatchObject({ status: 200 });
});

test.skipIf(!canMount)(
  'the key file that everyone can read on a read-only mount is refused with the way out, since no chmod works there',
  async () => {
    const directory = await tempDirectory();
    const secrets = join(directory, 'secrets');
    await mkdir(secrets);
    const file = join(secrets, 'server.key');
    await writeFile(file, `${'ab'.repeat(32)}\n`, { mode: 0o444 });
    const program = await run(
      ['--check-config'],
      { SERVER_PRIVATE_KEY_FILE: file },
      directory,
      withReadOnly(secrets),
    );
    expect(await program.exited).toBe(78);
    expect(program.stderr()).toMatch(
      /can be read by every user of this machine; its mount is read-only, so give the secret the mode 0440 /,
    );
  },
);

test('a port that is taken as SERVER_PORT ends the start with 1 and a sentence', async () => {
  const taken = keep(await takePort());
  const environment = { SERVER_HOST: '127.0.0.1', SERVER_PORT: String(taken.port), ADMIN_PORT: '0' };
  const { code, stderr } = await outcome([], environment);
  expect(code).toBe(1);
  expect(stderr).toContain(`port ${taken.port} is taken; set SERVER_PORT to a free `);
});

test('a port that is taken as a chosen ADMIN_PORT ends the start with 1 and a sentence', async () => {
  const taken = keep(await takePort());
  const environment = { SERVER_PORT: '0', ADMIN_PORT: String(taken.port) };
  const { code, stderr } = await outcome([], environment);
  expect(code).toBe(1);
  expect(stderr).toContain(`port ${taken.port} is taken; set ADMIN_PORT to a free `);
});

test('a port that is taken as the default admin port is reported, and the server serves without it', async () => {
  let program: Program;
  let isOff: boolean;
  do {
    // It makes no difference whether this test or another process has the port. The other one may give it back before the program starts.
    const taken = await takePort(9464).catch(() => undefined);
    if (taken !== undefined) keep(taken);
    program = await run([], { SERVER_PORT: '0', NOSTR_RELAYS: 'ws://127.0.0.1:9' });
    const [, admin] = await program.untilPrinted(/ admin +(\S+)/);
    isOff = admin === 'off:' || taken !== undefined;
  } while (!isOff);
  const [, apiUrl = ''] = await program.untilPrinted(/HTTP API +(http:\S+)/);
  await program.untilPrinted(/admin +off: port 9464 is taken.*ADMIN_PORT/);
  const answer = await call(`${apiUrl.replace('0.0.0.0', '127.0.0.1')}/api/health`);
  expect(answer).toMatchObject({ status: 200 });
});

test('the program wakes a phone through FCM over TLS, trusting what NODE_EXTRA_CA_CERTS names', async () => {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start())];
  expect(google.baseUrl).toMatch(/^https:/);
  const environment = { NOSTR_RELAYS: relay.url, ...(await googleEnvironment(google)) };
  const { program, apiUrl } = await serve(environment);
  expect(program.output()).toMatch(/FCM +on\n/);
  await relay.subscribed(1059);
  const alice = await registeredPhone({ name: 'alice', serverUrl: apiUrl, kind: 'ios' });
  const daemon = keep(new Daemon());
  await daemon.publish(relay.url, daemon.giftWrap(alice.tradePubkey, { backdatedHours: 40 }));
  const [push] = await google.pushes.atLeast(1);
  expect(push).toMatchObject({ token: alice.token, httpVersion: '2.0' });
});

test('the program sends nothing to a Google whose certificate it does not trust', async () => {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start())];
  const { NODE_EXTRA_CA_CERTS: _, ...untrusting } = await googleEnvironment(google);
  const { program, apiUrl } = await serve({ NOSTR_RELAYS: relay.url, ...untrusting });
  await relay.subscribed(1059);
  const alice = await registeredPhone({ name: 'alice', serverUrl: apiUrl, kind: 'ios' });
  const daemon = keep(new Daemon());
  await daemon.publish(relay.url, daemon.giftWrap(alice.tradePubkey));
  await program.untilPrinted(/wake\.failed/);
  expect(google.tokenRequests.count + google.pushes.count + google.refusals.count).toBe(0);
});
