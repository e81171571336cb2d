import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hex } from '../../test/support/registrations.ts';
import { DAY_MS, HOUR_MS } from '../core/basics/clock.ts';
import { assembleConfig, ConfigError, readVariables, type Config } from './config.ts';
import { VARIABLES, type Values, type VariableName } from './variables.ts';

const NAMES = Object.keys(VARIABLES) as VariableName[];

function configOf(environment: Record<string, string> = {}): Config {
  const { values, problems } = readVariables(environment);
  expect(problems).toEqual([]);
  return assembleConfig(values as Values);
}

/** The problems of a configuration, without the values. */
function problemsOf(environment: Record<string, string>): readonly string[] {
  return readVariables(environment).problems.map((problem) => problem.split(',', 1)[0] ?? '');
}

describe('with no configuration at all', () => {
  test('everything has the default of the contract', () => {
    expect(configOf()).toEqual({
      relays: { urls: ['wss://relay.mostro.network'], kinds: [1059, 14] },
      mostro: { pubkeys: [], relayDiscovery: false },
      store: { kind: 'memory', directory: './data' },
      http: expect.objectContaining({ host: '0.0.0.0', port: 8080, allowPlaintextTokens: true }),
      admin: { host: '127.0.0.1', port: 9464, required: false },
      key: { privateKey: undefined, file: 'data/server.key' },
      registrations: {
        lifetime: { ttlMs: 48 * HOUR_MS, maxAgeMs: 30 * DAY_MS },
        sweepIntervalMs: HOUR_MS,
        capacity: 1_000_000,
      },
      fcm: {
        enabled: true,
        baseUrl: 'https://fcm.googleapis.com',
        payloadMode: 'silent',
      },
      unifiedPush: { enabled: true, allowPrivateEndpoints: false, allowedHosts: [], notice: undefined },
      outgoing: { proxy: undefined, exceptions: '', tor: undefined },
      vapid: { subject: undefined, privateKey: undefined },
      policies: { server: 'prompt', offered: [], slotMs: 30_000, cohortSize: 8, heartbeatMs: 1_200_000 },
      wakes: {
        batchDelayMs: 5000,
        cooldownMs: 60_000,
        deadlineMs: 600_000,
        goneConfirmMs: 600_000,
        retry: { minMs: 1000, baseMs: 1000 },
      },
      shutdownTimeoutMs: 10_000,
      dataDirectory: './data',
      log: { level: 'info', format: undefined },
    });
  });

  test('an empty value, or one of white space, is as good as none', () => {
    const names = NAMES.filter((name) => name !== 'CORS_ALLOWED_ORIGINS');
    const empty = Object.fromEntries(names.map((name, n) => [name, n % 2 === 0 ? '' : ' \t ']));
    expect(configOf(empty)).toEqual(configOf());
  });
});

describe('a variable', () => {
  test.each([
    [{}, 1_000_000],
    [{ MAX_TOKENS: '50000' }, 50_000],
    [{ MAX_TOKENS: '50000', MAX_REGISTRATIONS: '7' }, 7],
  ])('for the most registrations has two names: %j', (environment, capacity) => {
    expect(configOf(environment).registrations.capacity).toBe(capacity);
  });

  test('for the notice of browsers needs its other half, which may be wrong', () => {
    const [title, url] = [
      { WEBPUSH_NOTICE_TITLE: 'News' },
      { WEBPUSH_NOTICE_URL: 'https://app.example/#/t' },
    ];
    expect(configOf({ ...title, ...url }).unifiedPush.notice).toEqual({
      title: 'News',
      url: 'https://app.example/#/t',
    });
    expect(problemsOf(title)).toEqual(['WEBPUSH_NOTICE_TITLE: needs WEBPUSH_NOTICE_URL']);
    expect(problemsOf(url)).toEqual(['WEBPUSH_NOTICE_URL: needs WEBPUSH_NOTICE_TITLE']);
    expect(problemsOf({ ...title, WEBPUSH_NOTICE_URL: 'app.example' })).toEqual([
      'WEBPUSH_NOTICE_URL: expected an https:// (or http://) URL of at most 500 characters',
    ]);
    expect(problemsOf({ ...url, WEBPUSH_NOTICE_TITLE: 'two\nlines' })).toEqual([
      'WEBPUSH_NOTICE_TITLE: expected at most 100 characters that can be printed',
    ]);
  });

  test('may have white space around it', () => {
    expect(configOf({ SERVER_PORT: ' 9000 ' }).http.port).toBe(9000);
  });

  test('of the key file counts before the data directory', () => {
    expect(configOf({ DATA_DIR: '/d' }).key.file).toBe('/d/server.key');
    expect(configOf({ DATA_DIR: '/d', SERVER_PRIVATE_KEY_FILE: '/k' }).key.file).toBe('/k');
  });

  test('of the admin port makes that port required', () => {
    expect(configOf({ ADMIN_PORT: '9464' }).admin).toMatchObject({ port: 9464, required: true });
  });

  test.each([
    [{ RUST_LOG: 'debug' }, 'debug'],
    [{ RUST_LOG: 'debug', LOG_LEVEL: 'warn' }, 'warn'],
    [{ RUST_LOG: 'info,mostro_push_backend=trace' }, 'trace'],
  ])('of the log level has two names: %j', (environment, level) => {
    expect(configOf(environment).log.level).toBe(level);
  });

  test('of the private key becomes a secret', () => {
    const key = 'ab'.repeat(32);
    const config = configOf({ SERVER_PRIVATE_KEY: key });
    expect(JSON.stringify(config)).not.toContain(key);
    expect(config.key.privateKey?.reveal()).toBe(key);
  });

  test('of a relay stays as it is written, and a relay that is written in two ways counts once', () => {
    const written = 'wss://Relay.example:443/, wss://relay.example, wss://relay.example/nostr/';
    expect(configOf({ NOSTR_RELAYS: written }).relays.urls).toEqual([
      'wss://Relay.example:443/',
      'wss://relay.example/nostr/',
    ]);
  });
});

describe('a problem of the configuration', () => {
  test('is named for every variable at once, with the text that is there and the one that is expected', () => {
    const { problems } = readVariables({
      NOSTR_KINDS: '1',
      SERVER_PORT: 'http',
      FCM_ENABLED: 'perhaps',
      STORE: 'sqlite',
    });
    expect(problems).toEqual([
      'NOSTR_KINDS: expected kinds 1059 and 14, separated by commas, got "1"',
      'SERVER_PORT: expected a whole number from 0 to 65535, got "http"',
      'STORE: expected memory or file or redis, got "sqlite"',
      'FCM_ENABLED: expected true or false, got "perhaps"',
    ]);
  });

  test.each([
    [
      { WAKE_POLICY: 'later' },
      /^WAKE_POLICY: expected prompt or slots or cohorts or heartbeat, got "later"$/,
    ],
    [
      { WAKE_POLICIES_OFFERED: 'slots,none' },
      /^WAKE_POLICIES_OFFERED: expected prompt or .*, got "slots,none"$/,
    ],
    [{ WAKE_SLOT_SECONDS: '0' }, /^WAKE_SLOT_SECONDS: expected a whole number from 1 to 600/],
    [{ WAKE_SLOT_SECONDS: '601' }, /^WAKE_SLOT_SECONDS: expected a whole number from 1 to 600/],
    [{ WAKE_COHORT_SIZE: '1' }, /^WAKE_COHORT_SIZE: expected a whole number from 2 to 64/],
    [{ WAKE_COHORT_SIZE: '65' }, /^WAKE_COHORT_SIZE: expected a whole number from 2 to 64/],
    [{ WAKE_HEARTBEAT_MINUTES: '0.09' }, /^WAKE_HEARTBEAT_MINUTES: expected a number from 0.1 to 1440/],
    [{ WAKE_HEARTBEAT_MINUTES: '1440.1' }, /^WAKE_HEARTBEAT_MINUTES: expected a number from 0.1 to 1440/],
    [{ WAKE_POLICY: 'cohorts' }, /^WAKE_POLICY: cohorts needs STORE=file/],
    [{ WAKE_POLICIES_OFFERED: 'slots, cohorts' }, /^WAKE_POLICIES_OFFERED: cohorts needs STORE=file/],
  ])('of a wake policy is named: %j', (environment, problem) => {
    const { problems } = readVariables(environment);
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  test('of cohorts is none with a store on disk', () => {
    const { policies } = configOf({
      STORE: 'file',
      WAKE_POLICY: 'cohorts',
      WAKE_POLICIES_OFFERED: 'Cohorts, HEARTBEAT',
      WAKE_HEARTBEAT_MINUTES: '1.1',
    });
    expect(policies).toMatchObject({ server: 'cohorts', offered: ['heartbeat'], heartbeatMs: 66_000 });
  });

  test('leaves the values that are right', () => {
    expect(readVariables({ SERVER_PORT: 'x', ADMIN_PORT: '1' }).values).toMatchObject({ ADMIN_PORT: 1 });
  });

  test.each([
    ['a slash', 'NOSTR_RELAYS', 'https://bob:hunter2@relay.example/hunter2?x=hunter2'],
    ['credentials with a slash in them', 'NOSTR_RELAYS', 'wss://bob:hun/ter2@relay.example'],
    ['a slash and no scheme', 'FCM_BASE_URL', 'proxy.example/hunter2'],
    ['an at sign alone', 'SERVER_PORT', 'bob:hunter2@relay'],
  ])('is named without the value if that has %s', (_, name, written) => {
    const { problems } = readVariables({ [name]: written });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: expected [^"]+$`));
    expect(problems[0]).not.toMatch(/got|bob|hunter2|relay\.example|proxy/);
  });

  test.each(['wss://relay.example/#x', 'wss://relay.example#'])('of %s, which has a fragment', (written) => {
    expect(readVariables({ NOSTR_RELAYS: written }).problems).toEqual([
      'NOSTR_RELAYS: expected wss:// (or ws://) URLs, separated by commas; a fragment is in it, which begins with #',
    ]);
  });

  test('is named with the value only if that is short', () => {
    expect(readVariables({ SERVER_PORT: 'x'.repeat(24) }).problems[0]).toMatch(/, got "x{24}"$/);
    expect(readVariables({ SERVER_PORT: 'x'.repeat(25) }).problems[0]).toMatch(/65535$/);
    expect(readVariables({ SERVER_PORT: 'ab'.repeat(32) }).problems[0]).toMatch(/65535$/);
  });

  test.each(['constructor', '__proto__', 'toString'])('of %s, which is no value of anything', (written) => {
    const names = ['NOSTR_KINDS', 'STORE', 'FCM_ENABLED', 'LOG_LEVEL'];
    const { values, problems } = readVariables(Object.fromEntries(names.map((name) => [name, written])));
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual(names);
    expect(Object.keys(values).filter((name) => names.includes(name))).toEqual([]);
  });

  test.each(['rubbish', 'a=b=c', '=', '/', 'constructor', '__proto__', 'mostro_push=loud'])(
    'but of RUST_LOG nothing ever is: %j means info',
    (filter) => {
      expect(configOf({ RUST_LOG: filter }).log.level).toBe('info');
    },
  );

  test('is one line of a message that an operator can read', () => {
    expect(new ConfigError(['A: one', 'B: two']).message).toBe(
      'The configuration is not usable:\n  - A: one\n  - B: two',
    );
  });

  test('of the private key has no character of that key', () => {
    const wrong = fc.oneof(
      hex(63),
      hex(65),
      hex(64).map((key) => `0x${key}`),
      hex(64).map((key) => `${key.slice(1)}g`),
    );
    fc.assert(
      fc.property(wrong, (key) => {
        const [problem = '', ...others] = readVariables({ SERVER_PRIVATE_KEY: key }).problems;
        expect(others).toEqual([]);
        expect(problem).toMatch(/^SERVER_PRIVATE_KEY: expected 64 hex characters; it(?:s)? [a-z]/);
        // No four characters of the key in a row.
        expect(problem).not.toMatch(new RegExp(key.slice(2).match(/.{4}/g)?.join('|') ?? '^$'));
      }),
    );
  });

  test('is never thrown, for any environment', () => {
    const name = fc.constantFrom<string[]>(...NAMES);
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      fc.integer().map(String),
      fc.constantFrom('true', 'info'),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value), hex(63), (environment, key) => {
        const { values, problems } = readVariables({ ...environment, SERVER_PRIVATE_KEY: key });
        expect(problems.join('\n')).not.toContain(key);
        const wrong = new Set(problems.map((problem) => problem.split(':', 1)[0]));
        expect(Object.keys(values).filter((one) => wrong.has(one))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
