import { expect, test } from 'vitest';

import { freePort } from '../support/free-port.ts';
import { outcome } from '../support/program.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';

const KEY = '11'.repeat(32);

/** What `doctor` says of the engine at a URL. */
async function doctor(url: string, environment: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await outcome(['doctor'], {
    NOSTR_RELAYS: `ws://127.0.0.1:${await freePort()}`,
    FCM_ENABLED: 'false',
    SERVER_PRIVATE_KEY: KEY,
    STORE: 'redis',
    REDIS_URL: url,
    ...environment,
  });
  expect(stdout + stderr).not.toContain('hidden');
  return stdout;
}

describeEngine('doctor looks at the engine', () => {
  test('with all checks of a start: what is in order, and what is wrong with it', async () => {
    const [good, poor] = await Promise.all([
      EngineServer.start({ password: 'hidden-1', appendOnly: true }),
      EngineServer.start({ lines: ['maxmemory-policy allkeys-lru'] }),
    ]);
    await good.command('SELECT', 2);
    const [well, wrong, gone, evicting, keyless] = await Promise.all([
      doctor(good.url({ database: 2 })),
      doctor(good.url({ who: ':hidden-2' })),
      doctor(`redis://:hidden@127.0.0.1:${await freePort()}`),
      doctor(poor.url()),
      doctor(poor.url(), { SERVER_PRIVATE_KEY: '' }),
    ]);
    expect(well).toMatch(
      /^ok {7}engine: (?:Redis|Valkey) [\d.]+ at 127\.0\.0\.1, port \d+, database 2 answers in [\d.]+ ms, and no server has used it yet\. The keys of this fleet are mp and [\w-]{11}:\*\.$/m,
    );
    expect(well).toMatch(/^ok {7}store: /m);
    expect(well).not.toMatch(/engine persistence|engine evicts/);
    // A look changes nothing: another key may still come first.
    expect(await good.command('DBSIZE')).toBe(0);
    expect(wrong).toMatch(
      /^FAILURE {2}engine: At .*: it refuses the user and the password\. The keys of this fleet are mp and [\w-]{11}:\*\.$/m,
    );
    expect(gone).toMatch(/^FAILURE {2}store unreachable: At .*: nothing listens at its port\. The keys/m);
    expect(evicting).toMatch(/^FAILURE {2}engine evicts: Its maxmemory-policy is allkeys-lru\.$/m);
    expect(evicting).toMatch(/^WARNING {2}engine persistence: /m);
    expect(keyless).toMatch(/^- {8}engine: .*All servers of a fleet need the same one\.$/m);
  });
});
