import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { registerDevices } from '../support/devices.ts';
import { call, post } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { canMount, seenBy, withFullDisk, withReadOnly, withSmallDisk } from '../support/mounted.ts';
import { googleEnvironment, outcome, run, serve } from '../support/program.ts';
import { directoryWithStore, FILE, key, register, total } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { eventFor } from '../support/wire-events.ts';

const UNAVAILABLE = { status: 503, body: { success: false, message: 'Registration store unavailable' } };

/** A relay, Google, and the variables by which the program finds them. */
async function surroundings(): Promise<{
  relay: RelayStandIn;
  google: GoogleStandIn;
  environment: Record<string, string>;
}> {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start({ tls: false }))];
  const environment = { ...FILE, NOSTR_RELAYS: relay.url, ...(await googleEnvironment(google)) };
  return { relay, google, environment };
}

describe.skipIf(!canMount)('the store', () => {
  test('a full disk: registrations get 503, wakes go on, readiness says why, and the store recovers by itself', async () => {
    const { relay, google, environment } = await surroundings();
    const directory = await tempDirectory();
    const data = join(directory, 'data');
    await mkdir(data);
    const running = await serve(environment, directory, withSmallDisk(data, 256));
    await relay.subscribed(1059);
    const [device] = await registerDevices(running, 1);
    const filling = seenBy(running.program.pid, join(data, 'filling'));
    await writeFile(filling, Buffer.alloc(1024 * 1024)).catch(() => undefined);
    let registered = 0;
    for (
      let answer = await register(running, 1);
      answer.status === 200;
      answer = await register(running, registered + 1)
    )
      registered++;
    expect(await register(running, 999)).toMatchObject(UNAVAILABLE);
    expect(await post(`${running.apiUrl}/api/unregister`, { trade_pubkey: device?.key })).toMatchObject(
      UNAVAILABLE,
    );
    expect(await total(running)).toBe(registered + 1);
    relay.broadcast(eventFor([device?.key ?? '']));
    const [push] = await google.pushes.atLeast(1);
    expect(push?.token).toBe(device?.token);
    const ready = await call(`${running.adminUrl}/health/ready`);
    expect(ready).toMatchObject({ status: 503 });
    expect(ready.text).toContain('registration store unavailable');
    expect(running.program.output()).toMatch(/"reason":"ENOSPC","msg":"store.refusing"/);

    await rm(filling);
    await running.program.untilPrinted(/store\.recovered/);
    expect(await register(running, 999)).toMatchObject({ status: 200 });
    expect(await call(`${running.adminUrl}/health/ready`)).toMatchObject({ status: 200 });
  });

  test('a store on a disk that is full at the start is read, and the server serves', async () => {
    const directory = await directoryWithStore();
    const data = join(directory, 'data');
    await rename(data, `${data}.from`);
    await mkdir(data);
    const running = await serve(FILE, directory, withFullDisk(data, 64, `${data}.from`));
    expect(await total(running)).toBe(2);
  });

  test('a store on a read-only disk is read: wakes go on, registrations are refused', async () => {
    const { relay, google, environment } = await surroundings();
    const directory = await directoryWithStore(environment);
    const running = await serve(environment, directory, withReadOnly(join(directory, 'data')));
    await relay.subscribed(1059, 2);
    expect(await total(running)).toBe(2);
    expect(await register(running, 3)).toMatchObject(UNAVAILABLE);
    expect(running.program.output()).toMatch(/"reason":"EROFS","msg":"store.refusing"/);
    relay.broadcast(eventFor([key(2)]));
    await google.pushes.atLeast(1);
    running.program.kill('SIGTERM');
    expect(await running.program.exited).toBe(0);
  });

  test('a read-only disk without a store stops the start with exit code 1 and a sentence', async () => {
    const directory = await tempDirectory();
    const data = join(directory, 'data');
    await mkdir(data);
    const environment = { ...FILE, SERVER_PRIVATE_KEY: '11'.repeat(32), SERVER_PORT: '0', ADMIN_PORT: '0' };
    const program = await run([], environment, directory, withReadOnly(data));
    expect(await program.exited).toBe(1);
    expect(program.stderr()).toMatch(/store\.json cannot be made \(EROFS\); make its directory writable/);
  });
});

test.each(['file', 'memory'])(
  'a second server in the same directory stops with exit code 1 and a sentence (STORE=%s), and the first one goes on',
  async (STORE) => {
    const directory = await tempDirectory();
    const first = await serve({ STORE }, directory);
    const endpoint = { trade_pubkey: key(1), token: 'https://push.example.com/up1', platform: 'android' };
    await post(`${first.apiUrl}/api/register`, endpoint);
    const { code, stderr } = await outcome([], { STORE, SERVER_PORT: '0', ADMIN_PORT: '0' }, directory);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'data is in use by another mostro-push; stop that one first, or set another DATA_DIR',
    );
    expect(await register(first, 2)).toMatchObject({ status: 200 });
    // A crash leaves no lock behind.
    first.program.kill('SIGKILL');
    await first.program.exited;
    expect(await total(await serve({ STORE }, directory))).toBe(STORE === 'file' ? 2 : 1);
  },
);
