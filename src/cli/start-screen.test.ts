import { describe, expect, test } from 'vitest';

import { assembleConfig, readVariables } from '../config/config.ts';
import type { Values } from '../config/variables.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from '../crypto/server-key.ts';
import { startScreen, type StartScreenOptions } from './start-screen.ts';

const PRIVATE = generatePrivateKey();
const KEY = parseServerKey(PRIVATE) as ServerKey;

function screen(environment: Record<string, string> = {}, parts: Partial<StartScreenOptions> = {}): string {
  return startScreen({
    version: '1.2.3',
    config: assembleConfig(readVariables(environment).values as Values),
    curve: { library: 'libsecp256k1 (WebAssembly)', isNative: false },
    key: KEY,
    keyCreated: false,
    fcmReady: false,
    addresses: { apiAddress: 'http://0.0.0.0:8080', adminAddress: 'http://127.0.0.1:9464' },
    warnings: [],
    ...parts,
  });
}

/** The rest of the line that begins with this name. */
function row(text: string, name: string): string | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`  ${name}  `));
  return line?.slice(name.length + 2).trim();
}

describe('the start screen', () => {
  test('has the version, the key and the addresses of the server', () => {
    const text = screen();
    expect(text).toContain('mostro-push-server 1.2.3');
    expect(row(text, 'public key')).toBe(KEY.publicKeyHex);
    expect(text).toContain(KEY.npub);
    expect(row(text, 'HTTP API')).toBe('http://0.0.0.0:8080');
    expect(row(text, 'admin')).toBe('http://127.0.0.1:9464');
  });

  test.each([
    [
      'names relays by their hosts alone',
      { NOSTR_RELAYS: 'wss://a.example/secret?t=secret,ws://b.example:7000' },
      {},
      'relays',
      'a.example, b.example:7000',
    ],
    ['names the kinds', {}, {}, 'kinds', '1059 (gift wraps, v1), 14 (signed messages, v2)'],
    ['says where the key is', { DATA_DIR: '/d' }, {}, 'key kept in', '/d/server.key'],
    [
      'says that the key comes from the environment',
      { SERVER_PRIVATE_KEY: PRIVATE },
      {},
      'key kept in',
      'SERVER_PRIVATE_KEY',
    ],
    [
      'says that the key is new',
      { DATA_DIR: '/d' },
      { keyCreated: true },
      'key kept in',
      '/d/server.key (made just now: keep a copy, clients seal their tokens to it)',
    ],
    ['says that FCM is on', {}, { fcmReady: true }, 'FCM', 'on'],
    [
      'says what FCM waits for',
      {},
      {},
      'FCM',
      'waiting for credentials: set FIREBASE_SERVICE_ACCOUNT_PATH to the key file from the Firebase console',
    ],
    ['says how to turn FCM on', { FCM_ENABLED: 'false' }, {}, 'FCM', 'off. Turn it on: FCM_ENABLED=true'],
    [
      'says how to turn UnifiedPush on',
      { UNIFIEDPUSH_ENABLED: 'false' },
      {},
      'UnifiedPush',
      'off. Turn it on: UNIFIEDPUSH_ENABLED=true',
    ],
    [
      'says that the guard is off',
      { UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true' },
      {},
      'UnifiedPush',
      'on, private addresses and http allowed',
    ],
    ['says that the guard is on', {}, {}, 'UnifiedPush', 'on, public https endpoints only'],
    [
      'says that plain tokens are refused',
      { ALLOW_PLAINTEXT_TOKENS: 'false' },
      {},
      'plain tokens',
      'refused',
    ],
    [
      'says what a restart forgets',
      {},
      {},
      'registrations',
      'in memory: a restart forgets all but UnifiedPush endpoints. Keep all: STORE=file. At most 1000000, for 48 h after the last wake, 30 days at the most',
    ],
    [
      'says that a restart forgets all without UnifiedPush',
      { UNIFIEDPUSH_ENABLED: 'false', MAX_REGISTRATIONS: '5' },
      {},
      'registrations',
      'in memory: a restart forgets them. Keep all: STORE=file. At most 5, for 48 h after the last wake, 30 days at the most',
    ],
    [
      'says where they are kept',
      { STORE: 'file', DATA_DIR: '/srv/push' },
      {},
      'registrations',
      'in /srv/push/store.json, sealed: a restart forgets none. At most 1000000, for 48 h after the last wake, 30 days at the most',
    ],
    [
      'says which engine has them, and not with which password',
      { STORE: 'redis', REDIS_URL: 'rediss://alice:secret@engine.example/3' },
      {},
      'registrations',
      'in database 3 of engine.example, port 6379, sealed: a restart forgets none, and other servers share them. At most 1000000, for 48 h after the last wake, 30 days at the most',
    ],
    [
      'says what verifies slowly, and what would be faster',
      {},
      {},
      'signatures',
      'verified by libsecp256k1 (WebAssembly). Five times as fast: install libsecp256k1 (Debian: libsecp256k1-1)',
    ],
    [
      'says what verifies fast',
      {},
      { curve: { library: 'libsecp256k1.so.1', isNative: true } },
      'signatures',
      'verified by libsecp256k1.so.1',
    ],
    [
      'says how to get the admin listener back',
      {},
      { addresses: { apiAddress: 'http://0.0.0.0:8080', adminProblem: 'port 9464 is taken' } },
      'admin',
      'off: port 9464 is taken',
    ],
  ])('%s', (_, environment: Record<string, string>, parts: Partial<StartScreenOptions>, name, value) => {
    expect(row(screen(environment, parts), name)).toBe(value);
  });

  test('shows every warning', () => {
    const text = screen({}, { warnings: ['beware', 'of this'] });
    expect(text).toContain('\n  ! beware\n  ! of this\n');
  });

  test('has no secret', () => {
    const text = screen({
      SERVER_PRIVATE_KEY: PRIVATE,
      NOSTR_RELAYS: 'wss://a.example/hunter2?x=hunter2',
      FCM_BASE_URL: 'https://fcm.example/hunter2',
    });
    expect(text).not.toMatch(new RegExp(`hunter2|${PRIVATE.slice(0, 8)}`));
  });
});
