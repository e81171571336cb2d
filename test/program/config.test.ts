import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { keep } from '../support/keep.ts';
import { outcome, serve } from '../support/program.ts';
import { tempDirectory } from '../support/temp-directory.ts';

/** A bad value for every variable with a fixed form. FCM_ENABLED has its own test: if it is wrong, the key file is not read. */
const BAD: Readonly<Record<string, string>> = {
  NOSTR_RELAYS: 'https://user:hunter2@relay.example/secret-path',
  NOSTR_KINDS: '1059,4',
  MOSTRO_PUBKEYS: 'nsec1slip',
  MOSTRO_RELAY_DISCOVERY: 'perhaps',
  SERVER_PORT: '65536',
  ADMIN_PORT: '-1',
  SERVER_PRIVATE_KEY: 'deadbeef'.repeat(9),
  STORE: 'sqlite',
  TOKEN_TTL_HOURS: '0',
  TOKEN_MAX_AGE_DAYS: 'forever',
  CLEANUP_INTERVAL_HOURS: '-1',
  MAX_REGISTRATIONS: '1e6',
  ALLOW_PLAINTEXT_TOKENS: 'perhaps',
  FIREBASE_SERVICE_ACCOUNT_PATH: '/nowhere/service-account.json',
  FCM_BASE_URL: 'fcm.googleapis.com',
  FCM_PAYLOAD_MODE: 'loud',
  UNIFIEDPUSH_ENABLED: '2',
  UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'never',
  SHUTDOWN_TIMEOUT_SECONDS: '1.5',
  LOG_LEVEL: 'loud',
  LOG_FORMAT: 'xml',
};

test.each([[[]], [['--check-config']]])(
  'a bad configuration stops %j with 78 and one line for every problem, with no secret in any',
  async (args) => {
    const { code, stdout, stderr, directory } = await outcome(args, BAD);
    expect(code).toBe(78);
    expect(stdout).toBe('');
    const lines = stderr.trim().split('\n').slice(1);
    const named = lines.map((line) => /^ {2}- ([A-Z_]+): ./.exec(line)?.[1] ?? line);
    expect(new Set(named)).toEqual(new Set(Object.keys(BAD)));
    expect(named).toHaveLength(new Set(named).size);
    expect(stderr).toMatch(/SERVER_PORT: expected a whole number from 0 to 65535, got "65536"/);
    for (const secret of ['deadbeef', 'hunter2', 'secret-path', 'nsec1'])
      expect(stderr).not.toContain(secret);
    expect(await readdir(directory)).toEqual([]);
  },
);

test('a bad configuration of one variable names that one alone', async () => {
  const { code, stderr } = await outcome(['--check-config'], { FCM_ENABLED: 'yes please' });
  expect(code).toBe(78);
  expect(stderr.trim().split('\n').slice(1)).toEqual([
    '  - FCM_ENABLED: expected true or false, got "yes please"',
  ]);
});

test('a bad configuration of relay discovery that knows no instance stops the start with 78, among the other problems', async () => {
  const { code, stderr } = await outcome([], { MOSTRO_RELAY_DISCOVERY: 'true', FCM_ENABLED: 'maybe' });
  expect(code).toBe(78);
  expect(stderr.trim().split('\n').slice(1)).toEqual([
    '  - FCM_ENABLED: expected true or false, got "maybe"',
    '  - MOSTRO_RELAY_DISCOVERY: needs MOSTRO_PUBKEYS',
  ]);
});

test('a bad configuration of a server key that is no scalar of the curve is told without the key', async () => {
  const order = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
  for (const key of ['0'.repeat(64), order]) {
    const { code, stderr } = await outcome(['--check-config'], { SERVER_PRIVATE_KEY: key });
    expect(code).toBe(78);
    expect(stderr).toMatch(/SERVER_PRIVATE_KEY: expected a scalar of secp256k1/);
    expect(stderr).not.toContain(key);
  }
});

async function startWith(file: unknown): Promise<{ code: number | null; stderr: string; path: string }> {
  const path = join(await tempDirectory(), 'firebase.json');
  if (file !== undefined) await writeFile(path, typeof file === 'string' ? file : JSON.stringify(file));
  return { ...(await outcome([], { FIREBASE_SERVICE_ACCOUNT_PATH: path })), path };
}

test('a Firebase key file that is missing, or no JSON, stops the start with 78 and names the file', async () => {
  for (const file of [undefined, '', '{"private_key":"-----BEGIN']) {
    const { code, stderr, path } = await startWith(file);
    expect(code).toBe(78);
    expect(stderr).toContain(`FIREBASE_SERVICE_ACCOUNT_PATH: ${path}`);
    expect(stderr).not.toContain('-----BEGIN');
  }
});

test('a Firebase key file with a wrong field stops the start with 78 and names the file and the field, not its value', async () => {
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const wrong = {
    type: 'authorized_user',
    project_id: '',
    client_email: 7,
    token_uri: 'not-a-url',
    private_key: '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n',
  };
  for (const [field, value] of Object.entries(wrong)) {
    const { code, stderr, path } = await startWith({ ...google.serviceAccount, [field]: value });
    expect(code).toBe(78);
    expect(stderr).toContain(path);
    expect(stderr).toMatch(new RegExp(`: ${field} is `));
    expect(stderr).not.toMatch(/c2VjcmV0|BEGIN|authorized_user|not-a-url/);
  }
  const { stderr } = await startWith({});
  for (const field of ['client_email', 'token_uri', 'private_key']) expect(stderr).toContain(`${field} is `);
  const { project_id: _, ...projectless } = google.serviceAccount;
  expect((await startWith(projectless)).stderr).toMatch(/names no project_id; set FIREBASE_PROJECT_ID/);
});

test('a Firebase key file is not asked for where FCM is off', async () => {
  const environment = { FCM_ENABLED: 'false', FIREBASE_SERVICE_ACCOUNT_PATH: '/nowhere.json' };
  expect(await outcome(['--check-config'], environment)).toMatchObject({ code: 0 });
});

test('.env in the working directory is read, and the environment wins over it', async () => {
  const directory = await tempDirectory();
  const lines = [
    '# mine',
    'ADMIN_PORT=0',
    'FCM_ENABLED=false',
    'UNIFIEDPUSH_ENABLED="false"',
    'LOG_LEVLE=info',
  ];
  await writeFile(join(directory, '.env'), lines.join('\n'));
  const { program } = await serve({ UNIFIEDPUSH_ENABLED: 'true' }, directory);
  expect(program.output()).toMatch(/FCM +off\. Turn it on: FCM_ENABLED=true/);
  expect(program.output()).toMatch(/UnifiedPush +on/);
  expect(program.output()).toContain('LOG_LEVLE in .env means nothing to this program');
});

test("the Rust server's example of a .env starts the program, with a line for each variable that differs", async () => {
  const directory = await tempDirectory();
  const lines = [
    'NOSTR_RELAYS=wss://relay.mostro.network',
    'TRUSTED_WHITELIST_ENABLED=false',
    'SERVER_PRIVATE_KEY=',
    'FIREBASE_PROJECT_ID=mostro-test',
    'FIREBASE_SERVICE_ACCOUNT_PATH=/path/to/service-account.json',
    'UNIFIEDPUSH_ENABLED=false',
    'FCM_ENABLED=true',
    'SERVER_HOST=0.0.0.0',
    'SERVER_PORT=8080',
    'TOKEN_TTL_HOURS=48',
    'CLEANUP_INTERVAL_HOURS=1',
    'MAX_TOKENS=50000',
    'RATE_LIMIT_PER_MINUTE=60',
    'BATCH_DELAY_MS=5000',
    'COOLDOWN_MS=60000',
    'NOTIFY_TRUST_PROXY_HEADERS=false',
    'RUST_LOG=info',
    // The two that the example has commented out.
    'TOKEN_STORE_PATH=/app/data/tokens.db',
    `TOKEN_STORE_KEY=${'5'.repeat(64)}`,
  ];
  await writeFile(join(directory, '.env'), lines.join('\n'));
  const { program } = await serve({}, directory);
  const warned = program.stderr().matchAll(/^ {2}! ([A-Z_]+)/gm);
  expect([...warned].map(([, name]) => name)).toEqual([
    'FCM',
    'PUBLIC_URL',
    'TOKEN_STORE_PATH',
    'TOKEN_STORE_KEY',
    'MAX_TOKENS',
    'RATE_LIMIT_PER_MINUTE',
    'BATCH_DELAY_MS',
    'COOLDOWN_MS',
    'TOKEN_TTL_HOURS',
    'FIREBASE_SERVICE_ACCOUNT_PATH',
  ]);
  expect(program.output()).toContain('At most 50000');
  expect(program.output()).toContain('mostro-push store import --from <tokens.db>');
  expect(program.output()).not.toMatch(/5{64}|in \.env means nothing/);
});

test('.env in the working directory with a bad value stops the start with 78', async () => {
  const directory = await tempDirectory();
  await writeFile(join(directory, '.env'), 'SERVER_PORT=http\n');
  const { code, stderr } = await outcome([], {}, directory);
  expect(code).toBe(78);
  expect(stderr).toContain('SERVER_PORT: expected');
});
