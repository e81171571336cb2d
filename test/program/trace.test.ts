import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { npubEncode } from 'nostr-tools/nip19';
import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { freePort } from '../support/free-port.ts';
import { call, postJson } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, outcome, run, serve, type RunningProgram } from '../support/program.ts';
import { registeredPhone } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { eventFor } from '../support/wire-events.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';

interface Traced {
  readonly relay: RelayStandIn;
  readonly google: GoogleStandIn;
  readonly running: RunningProgram;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function scene(): Promise<Traced> {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start())];
  const directory = await tempDirectory();
  const environment = {
    NOSTR_RELAYS: relay.url,
    ADMIN_PORT: String(await freePort()),
    ...(await googleEnvironment(google)),
  };
  const running = await serve(environment, directory);
  await relay.subscribed(1059);
  return { relay, google, running, directory, environment };
}

const KEY = '3f'.repeat(32);

test('trace says whether the key is registered, and from then on every step up to the push service’s answer', async () => {
  const { directory, environment, google, relay, running } = await scene();
  const { tradePubkey } = await registeredPhone({
    name: 'alice',
    kind: 'android',
    serverUrl: running.apiUrl,
  });
  const first = await outcome(['trace', tradePubkey], environment, directory);
  expect(first.stdout).toMatch(/^registered {2}yes, android over fcm, .*never woken so far$/m);
  expect(first.stdout).toMatch(/^seen {8}nothing so far/m);
  expect(first.code).toBe(0);
  relay.broadcast(eventFor([tradePubkey]));
  await google.pushes.atLeast(1);
  // The wake is held, because the phone was woken a moment ago.
  relay.broadcast(eventFor([tradePubkey]));
  await expect
    .poll(async () => (await outcome(['trace', npubEncode(tradePubkey)], environment, directory)).stdout, {
      timeout: PATIENCE_MS,
    })
    .toMatch(
      /event seen: kind 1059, live\n.*event claimed\n.*wake queued: fcm\n.*wake sent: fcm\n[^]*(?=[^]*push service answered: delivered\n)[^]*wake held/,
    );
});

test('trace says that a key is not registered, which is the answer most of the time', async () => {
  const { directory, environment } = await scene();
  const { stdout } = await outcome(['trace', KEY], environment, directory);
  expect(stdout).toMatch(/^registered {2}no: /m);
  // The key is not printed: other people may see the screen of the person who typed it.
  expect(stdout).not.toContain(KEY);
});

test('trace follows what comes until it is stopped', async () => {
  const { directory, environment, relay, running } = await scene();
  const { tradePubkey } = await registeredPhone({
    name: 'alice',
    kind: 'android',
    serverUrl: running.apiUrl,
  });
  const following = await run(['trace', tradePubkey, '--follow'], environment, directory);
  await following.untilPrinted(/nothing so far/);
  relay.broadcast(eventFor([tradePubkey]));
  await following.untilPrinted(/push service answered: delivered/);
  following.kill('SIGINT');
  expect(await following.exited).toBe(0);
  expect(following.stdout().match(/event claimed/g)).toHaveLength(1);
});

test.each([[[]], [['no-key']], [[KEY, KEY]], [[KEY, '--nonsense']]])(
  'trace with %j is a mistake: 64',
  async (args) => {
    expect(await outcome(['trace', ...args])).toMatchObject({ code: 64 });
  },
);

test('trace says so when no server is there', async () => {
  const { code, stderr } = await outcome(['trace', KEY], { ADMIN_PORT: String(await freePort()) });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^no server answers on admin port \d+/)]);
});

test('trace says so when its admin token is another, or open to others', async () => {
  const { environment } = await scene();
  const elsewhere = await outcome(['trace', KEY], environment, await tempDirectory());
  expect([elsewhere.code, elsewhere.stderr]).toEqual([1, expect.stringContaining('another admin token')]);
  const directory = await tempDirectory();
  await writeFile(join(directory, 'admin.token'), 'open\n');
  await chmod(join(directory, 'admin.token'), 0o644);
  const open = await outcome(['trace', KEY], { ...environment, DATA_DIR: directory });
  expect([open.code, open.stderr]).toEqual([1, expect.stringContaining('chmod 600')]);
});

test('without the token the admin listener tells nothing of any key, and traces none', async () => {
  const { directory, running } = await scene();
  const url = `${running.adminUrl}/trace`;
  const body = JSON.stringify({ trade_pubkey: KEY });
  for (const authorization of [undefined, 'Bearer ', `Bearer ${'0'.repeat(64)}`, 'Basic abc']) {
    const headers = {
      'content-type': 'application/json',
      ...(authorization !== undefined && { authorization }),
    };
    const { status, text } = await call(url, { method: 'POST', headers, body });
    expect(status).toBe(401);
    expect(text).not.toContain(KEY);
  }
  const { mode } = await stat(join(directory, 'data', 'admin.token'));
  expect(mode & 0o777).toBe(0o600);
  expect(await call(url)).toMatchObject({ status: 404 });
  expect((await postJson(url, '{')).text).not.toContain('{"trade');
});
