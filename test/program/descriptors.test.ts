import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { call, post } from '../support/http.ts';
import { injected } from '../support/injected-fault.ts';
import { keep } from '../support/keep.ts';
import { ALONE, googleEnvironment, run, serve } from '../support/program.ts';
import { registeredPhone } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

/** Whether this machine allows setting the limits of another process. */
const canLimit = spawnSync('prlimit', ['--version']).status === 0;

const limitDescriptors = (pid: number, most: number): Promise<unknown> =>
  promisify(execFile)('prlimit', ['--pid', String(pid), `--nofile=${most}:`]);

describe.skipIf(!canLimit)('a process without a file descriptor left', () => {
  test('a process without a file descriptor left at its first wake loses none: both providers deliver as soon as there are some again', async () => {
    const relay = keep(await RelayStandIn.start());
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const pushServer = keep(await UnifiedPushStandIn.start());
    const { program, apiUrl, adminUrl } = await serve({
      NOSTR_RELAYS: relay.url,
      UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
      RETRY_MIN_MS: '50',
      RETRY_BASE_MS: '50',
      ...(await googleEnvironment(google)),
    });
    await relay.subscribed(1059);
    await expect.poll(async () => (await call(`${adminUrl}/health/ready`)).status).toBe(200);
    const [alice, bob] = [
      await registeredPhone({ name: 'alice', serverUrl: apiUrl, kind: 'ios' }),
      'b0'.repeat(32),
    ];
    const subscription = pushServer.endpoint('upBob');
    expect(
      await post(`${apiUrl}/api/register`, { trade_pubkey: bob, token: subscription, platform: 'android' }),
    ).toMatchObject({ status: 200 });
    await limitDescriptors(program.pid, 8);
    relay.broadcast(eventFor([alice.tradePubkey]));
    relay.broadcast(eventFor([bob]));
    await program.untilPrinted(/"provider":"fcm"[^\n]*"provider\.unreachable"/);
    await program.untilPrinted(/"provider":"unifiedpush"[^\n]*"provider\.unreachable"/);
    await limitDescriptors(program.pid, 1024);
    await Promise.all([google.pushes.atLeast(1), pushServer.pushes.atLeast(1)]);
  });
});

test('a program whose HTTP client cannot be loaded never says that it is ready, and ends with 1', async () => {
  const source = `
    const Module = require('node:module');
    const load = Module._load;
    Module._load = (name, ...rest) => {
      if (/undici/.test(name)) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      return load(name, ...rest);
    };`;
  const program = await run([], { ...ALONE, ...(await injected(source)) });
  expect(await program.exited).toBe(1);
  expect(program.stderr()).toMatch(/^mostro-push failed: Error EMFILE /m);
});
