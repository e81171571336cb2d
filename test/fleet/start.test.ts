import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { FLEET_KEY } from '../support/fleet-programs.ts';
import { freePort } from '../support/free-port.ts';
import { call } from '../support/http.ts';
import { ALONE, outcome, serve } from '../support/program.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';

interface Ready {
  readonly ready: boolean;
  readonly reasons: string[];
  readonly alarms: { readonly alarm: string; readonly reason?: string }[];
}

/** What a server says that does not start with this `REDIS_URL`. */
async function start(url: string, key?: string): Promise<string> {
  const environment = { ...ALONE, STORE: 'redis', REDIS_URL: url, ...(key && { SERVER_PRIVATE_KEY: key }) };
  const { code, directory, stderr, stdout } = await outcome([], environment);
  expect(stdout + stderr).not.toContain('secret');
  expect(code).toBe(78);
  // It makes a key for itself, and does not leave it behind.
  expect(await readdir(join(directory, 'data')).catch(() => [])).toEqual([]);
  return stderr;
}

/** What `--check-config` says of an engine whose certificate this machine trusts. */
function check(engine: EngineServer): ReturnType<typeof outcome> {
  return outcome(['--check-config'], {
    ...ALONE,
    STORE: 'redis',
    SERVER_PRIVATE_KEY: FLEET_KEY,
    REDIS_URL: engine.url(),
    NODE_EXTRA_CA_CERTS: engine.certificateFile,
  });
}

describeEngine('a server of a fleet', () => {
  test('starts with an engine behind TLS whose authority is named, and its readiness and alarms know the engine', async () => {
    const engine = await EngineServer.start({ tls: true, lines: ['maxmemory-policy allkeys-lru'] });
    const environment = { STORE: 'redis', REDIS_URL: engine.url(), SERVER_PRIVATE_KEY: FLEET_KEY };
    const { adminUrl, program } = await serve({
      ...environment,
      NODE_EXTRA_CA_CERTS: engine.certificateFile,
    });
    const ready = async (): Promise<Ready> =>
      JSON.parse((await call(`${adminUrl}/health/ready`)).text) as Ready;
    const raised = async (): Promise<string[]> =>
      (await ready()).alarms.map(({ alarm, reason }) => `${alarm}: ${reason}`);
    expect(await raised()).toContain('engine evicts: allkeys-lru');
    expect((await ready()).reasons.join()).not.toContain('store');
    const dashboard = JSON.parse((await call(`${adminUrl}/dashboard.json`)).text) as { servers: number };
    expect(dashboard.servers).toBe(1);
    await engine.kill();
    await expect.poll(raised).toContain('store unreachable: nothing listens at its port');
    expect((await ready()).reasons).toContain('registration store unreachable: nothing listens at its port');
    await engine.runEmpty();
    await expect.poll(async () => (await raised()).join()).not.toContain('store unreachable');
    // Wakes and readiness are one thing, the end of a process another: an outage ended none.
    program.kill('SIGTERM');
    expect(await program.exited).toBe(0);
    // A machine that is too busy to shake hands in time waits for the engine, so it is asked again.
    const stranger = async (): Promise<unknown> =>
      (await outcome(['--check-config'], { ...ALONE, ...environment })).stderr;
    await expect
      .poll(stranger)
      .toContain('name the file of its authority in NODE_EXTRA_CA_CERTS, which is read from the environment');
  });

  test('says of each engine whose TLS does not fit what to do', async () => {
    const [mutual, other, expired] = await Promise.all([
      EngineServer.start({ tls: true, lines: ['tls-ca-cert-dir /tmp', 'tls-auth-clients yes'] }),
      EngineServer.start({ tls: { name: 'other.example' } }),
      EngineServer.start({ tls: { isExpired: true } }),
    ]);
    // A machine that is too busy to shake hands in time says so, and is asked again.
    await expect
      .poll(() => check(mutual))
      .toMatchObject({ code: 78, stderr: expect.stringContaining('set tls-auth-clients no') });
    await expect
      .poll(() => check(other))
      .toMatchObject({
        code: 78,
        stderr: expect.stringContaining('its certificate is for another name; write a name or an address'),
      });
    // A start waits for a certificate that is right.
    await expect
      .poll(() => check(expired))
      .toMatchObject({
        code: 0,
        stdout: expect.stringMatching(
          / {2}! store unreachable: .* its certificate has expired, or the clock/,
        ),
      });
  });

  test('does not start with wrong credentials, a cluster, or without an address, and shows no password', async () => {
    const [engine, cluster] = await Promise.all([
      EngineServer.start({ password: 'right-secret' }),
      EngineServer.start({ lines: ['cluster-enabled yes'] }),
    ]);
    const [wrong, clustered, nowhere, broken] = await Promise.all([
      start(engine.url({ who: ':wrong-secret' })),
      start(cluster.url(), FLEET_KEY),
      start('', FLEET_KEY),
      start('redis://:sec@secret@host', FLEET_KEY),
    ]);
    expect(wrong).toContain(
      'REDIS_URL: the engine there cannot be used: it refuses the user and the password',
    );
    expect(clustered).toContain('it is part of a cluster');
    expect(nowhere).toContain('STORE: redis needs REDIS_URL');
    expect(broken).toContain('REDIS_URL: a / or @ is in the user or the password');
  });

  test('does not go on either if it finds wrong credentials only later, when the engine can be reached', async () => {
    const port = await freePort();
    const { program } = await serve({
      STORE: 'redis',
      REDIS_URL: `redis://:wrong-secret@127.0.0.1:${port}`,
      SERVER_PRIVATE_KEY: FLEET_KEY,
    });
    await EngineServer.start({ port, password: 'right-secret' });
    expect(await program.exited).toBe(78);
    expect(program.stderr()).toContain('it refuses the user and the password');
  });
});
