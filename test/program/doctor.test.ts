import { createServer } from 'node:http';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { freePort, takePort } from '../support/free-port.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, outcome, serve } from '../support/program.ts';
import { register } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';

/** A configuration and services with which `doctor` finds no problem. */
async function wellEnvironment(): Promise<Record<string, string>> {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start());
  return {
    NOSTR_RELAYS: relay.url,
    SERVER_PORT: '0',
    ADMIN_PORT: String(await freePort()),
    VAPID_SUBJECT: 'mailto:operator@example.org',
    ...(await googleEnvironment(google)),
  };
}

test('doctor finds everything in order, tried for real, makes nothing and ends with 0', async () => {
  const environment = await wellEnvironment();
  const directory = await tempDirectory();
  const { code, stdout } = await outcome(['doctor'], environment, directory);
  expect(stdout).toMatch(/^ok {7}relay 127\.0\.0\.1:\d+: It serves kind 1059 and 14\.$/m);
  expect(stdout).toMatch(/^ok {7}OAuth: /m);
  expect(stdout).toMatch(/^ok {7}FCM: .*demo-project/m);
  expect(stdout).toMatch(/^ok {7}clock: It is right\.$/m);
  expect(stdout).toMatch(/^ok {7}data directory: .*will be made/m);
  expect(stdout).toMatch(/^ok {7}Web Push key: /m);
  expect(stdout).toMatch(/^0 failures, /m);
  expect(code).toBe(0);
  expect(await readdir(directory)).toEqual([]);
});

test('doctor says plainly that a restart forgets', async () => {
  const { stdout } = await outcome(['doctor'], await wellEnvironment());
  expect(stdout).toMatch(/^WARNING {2}store: .*a restart forgets/m);
  const kept = await outcome(['doctor'], { ...(await wellEnvironment()), STORE: 'file' });
  expect(kept.stdout).toMatch(/^ok {7}store: .*a restart forgets none/m);
});

test('doctor asks Google with validate_only: no device is woken', async () => {
  const google = keep(await GoogleStandIn.start());
  const environment = { ...(await wellEnvironment()), ...(await googleEnvironment(google)) };
  await outcome(['doctor'], environment);
  expect(google.pushes.all.map(({ body }) => body)).toMatchObject([{ validate_only: true }]);
});

test('doctor looks at all the rest where the configuration is not usable, and ends with 78', async () => {
  const environment = {
    ...(await wellEnvironment()),
    NOSTR_KINDS: '1',
    FIREBASE_SERVICE_ACCOUNT_PATH: '/nowhere/key.json',
    SERVER_PRIVATE_KEY: 'f'.repeat(64),
  };
  const { code, stdout } = await outcome(['doctor'], environment);
  expect(stdout).toMatch(/^FAILURE {2}configuration: NOSTR_KINDS: /m);
  expect(stdout).toMatch(/^FAILURE {2}bad key file: .*\/nowhere\/key\.json cannot be read \(ENOENT\)/m);
  expect(stdout).toMatch(/^FAILURE {2}server key: It is not usable/m);
  expect(stdout).toMatch(/^ok {7}relay 127/m);
  expect(code).toBe(78);
});

test('doctor names a key file that everyone can read, and one that is none', async () => {
  const environment = await wellEnvironment();
  await chmod(environment['FIREBASE_SERVICE_ACCOUNT_PATH'] ?? '', 0o644);
  const open = await outcome(['doctor'], environment);
  expect(open.stdout).toMatch(
    /^WARNING {2}configuration: the Firebase key file .*can be read by every user/m,
  );
  await writeFile(environment['FIREBASE_SERVICE_ACCOUNT_PATH'] ?? '', '{"private_key":"a secret"}');
  const none = await outcome(['doctor'], environment);
  expect(none.stdout).toMatch(/^FAILURE {2}bad key file: /m);
  expect(none.stdout).not.toContain('a secret');
});

test('doctor tells a port that another program has from one that the server has', async () => {
  const taken = keep(await takePort());
  taken.server.on('connection', (socket) => socket.resume().end('no HTTP\r\n'));
  const environment = { ...(await wellEnvironment()), ADMIN_PORT: String(taken.port) };
  const strangers = await outcome(['doctor'], environment);
  expect(strangers.stdout).toMatch(/^FAILURE {2}admin port: Port \d+ is taken by another program\.$/m);
  expect(strangers.code).toBe(1);
  const port = String(await freePort());
  const running = await serve({ ...environment, ADMIN_PORT: port, STORE: 'file', WAKE_POLICY: 'cohorts' });
  expect(await register(running, 1)).toMatchObject({ status: 200 });
  const ours = await outcome(['doctor'], { ...environment, ADMIN_PORT: port });
  expect(ours.stdout).toMatch(/^ok {7}admin port: The server is running on /m);
  expect(ours.stdout).toMatch(/^ok {7}running server: It is ready, and no alarm stands\.$/m);
  expect(ours.stdout).toMatch(/^WARNING {2}cohorts: 1 cohorts have 1 devices: 1 are not protected, /m);
});

test('doctor says why a relay refuses the handshake, and what helps against just that', async () => {
  const http = createServer((_, response) => response.writeHead(401).end());
  const { port } = keep(await LoopbackServer.listen(http));
  const environment = { ...(await wellEnvironment()), NOSTR_RELAYS: `ws://127.0.0.1:${port}` };
  const { stdout } = await outcome(['doctor'], environment);
  expect(stdout).toMatch(/^WARNING {2}relay unreachable: 127\.0\.0\.1:\d+ was not reached \(HTTP 401: /m);
  expect(stdout).toMatch(/^ +-> put the user and the password /m);
});

test('doctor names every host name that does not resolve', async () => {
  const environment = { ...(await wellEnvironment()), NOSTR_RELAYS: 'ws://relay.invalid' };
  const { stdout } = await outcome(['doctor'], environment);
  expect(stdout).toMatch(/^FAILURE {2}DNS: These names do not resolve: relay\.invalid\.$/m);
  expect(stdout).toMatch(/^WARNING {2}relay unreachable: relay\.invalid /m);
});

test.each([
  ['VAPID_PRIVATE_KEY', 'AAAA', /^FAILURE {2}Web Push key: /m],
  ['VAPID_SUBJECT', 'operator', /^FAILURE {2}Web Push subject: /m],
  ['VAPID_SUBJECT', '', /^WARNING {2}Web Push subject: .*Apple refuses/m],
])('doctor judges %s=%j', async (name, value, said) => {
  const { stdout } = await outcome(['doctor'], { ...(await wellEnvironment()), [name]: value });
  expect(stdout).toMatch(said);
});

// The private key is 1, so the public key is the generator of P-256.
test.each([
  ['64 hex characters', `${'0'.repeat(63)}1`],
  ['43 characters of base64url', `${'A'.repeat(42)}E`],
])('doctor takes a VAPID_PRIVATE_KEY of %s, as the server does, and says its public key', async (_, key) => {
  const { code, stdout } = await outcome(['doctor'], {
    ...(await wellEnvironment()),
    VAPID_PRIVATE_KEY: key,
  });
  expect(stdout).toMatch(
    /^ok {7}Web Push key: .* its public key is BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKW/m,
  );
  expect(stdout).not.toMatch(/^FAILURE/m);
  expect(code).toBe(0);
});

test('doctor takes a PUBLIC_URL with http in a home network, as the server does, and warns that it is no contact', async () => {
  const environment = {
    ...(await wellEnvironment()),
    VAPID_SUBJECT: '',
    PUBLIC_URL: 'http://push.lan:8080',
  };
  const { code, stdout } = await outcome(['doctor'], environment);
  expect(stdout).toMatch(/^WARNING {2}Web Push subject: .*Apple refuses/m);
  expect(stdout).not.toMatch(/^FAILURE/m);
  expect(code).toBe(0);
});

test('doctor takes an https PUBLIC_URL as the contact that push servers are given', async () => {
  const environment = {
    ...(await wellEnvironment()),
    VAPID_SUBJECT: '',
    PUBLIC_URL: 'https://push.example.org',
  };
  const { stdout } = await outcome(['doctor'], environment);
  expect(stdout).toMatch(/^ok {7}Web Push subject: .*https:\/\/push\.example\.org/m);
});

test('doctor finds a log file that cannot be written to', async () => {
  const directory = await tempDirectory();
  await mkdir(join(directory, 'app.log'));
  const { stdout } = await outcome(['doctor'], {
    ...(await wellEnvironment()),
    LOG_FILE: join(directory, 'app.log'),
  });
  expect(stdout).toMatch(/^WARNING {2}log file unwritable: .*EISDIR/m);
});
