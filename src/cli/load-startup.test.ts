import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { googleServiceAccount } from '../../stand-ins/google-service-account.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { ConfigError } from '../config/config.ts';
import { generatePrivateKey, parseServerKey } from '../crypto/server-key.ts';
import { loadStartup } from './load-startup.ts';

const NOT_JSON = 'the text is not JSON; in .env put it between single quotes, or write it in base64';
const { file: ACCOUNT } = await googleServiceAccount('demo-project', 'https://oauth2.example/token');

/** Variables whose absence is a warning at every start. */
const QUIET = { VAPID_SUBJECT: 'mailto:ops@push.example', PUBLIC_URL: 'https://push.example' };

async function fileWith(text: string, mode = 0o600): Promise<string> {
  const path = join(await tempDirectory(), 'file');
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

async function problemsOf(environment: Record<string, string>): Promise<readonly string[]> {
  const error = await loadStartup(environment, { createKey: true }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems;
}

describe('a start', () => {
  test('makes its key in the data directory', async () => {
    const directory = await tempDirectory();
    const first = await loadStartup({ DATA_DIR: directory }, { createKey: true });
    const second = await loadStartup({ DATA_DIR: directory }, { createKey: true });
    expect([first.keyCreated, second.keyCreated]).toEqual([true, false]);
    expect(second.serverKey?.publicKeyHex).toBe(first.serverKey?.publicKeyHex);
    expect(await readdir(directory)).toEqual(['server.key']);
  });

  test('takes its key from the environment and then makes no file', async () => {
    const directory = await tempDirectory();
    const key = generatePrivateKey();
    const startup = await loadStartup({ DATA_DIR: directory, SERVER_PRIVATE_KEY: key }, { createKey: true });
    expect(startup).toMatchObject({
      keyCreated: false,
      serverKey: { publicKeyHex: parseServerKey(key)?.publicKeyHex },
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test('that only checks makes nothing', async () => {
    const directory = await tempDirectory();
    const startup = await loadStartup({ DATA_DIR: directory }, { createKey: false });
    expect(startup.serverKey).toBeUndefined();
    expect(await readdir(directory)).toEqual([]);
  });

  test('that only checks reads the key that is there', async () => {
    const directory = await tempDirectory();
    const made = await loadStartup({ DATA_DIR: directory }, { createKey: true });
    const checked = await loadStartup({ DATA_DIR: directory }, { createKey: false });
    expect(checked.serverKey?.publicKeyHex).toBe(made.serverKey?.publicKeyHex);
  });

  test('reads the key file of Firebase, and the project that goes before its own', async () => {
    const path = await fileWith(JSON.stringify(ACCOUNT));
    const environment = { ...QUIET, DATA_DIR: await tempDirectory(), FIREBASE_SERVICE_ACCOUNT_PATH: path };
    const { serviceAccount, warnings } = await loadStartup(environment, { createKey: true });
    const other = await loadStartup({ ...environment, FIREBASE_PROJECT_ID: 'mine' }, { createKey: true });
    expect([serviceAccount?.projectId, other.serviceAccount?.projectId]).toEqual(['demo-project', 'mine']);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['as it is', JSON.stringify(ACCOUNT)],
    ['in base64', Buffer.from(JSON.stringify(ACCOUNT, null, 2)).toString('base64')],
    [
      'in base64 with line ends',
      Buffer.from(JSON.stringify(ACCOUNT)).toString('base64').replaceAll(/.{76}/g, '$&\n'),
    ],
  ])(
    'reads the content of the key file of Firebase from a variable, %s, and then no file',
    async (_, written) => {
      const environment = {
        ...QUIET,
        DATA_DIR: await tempDirectory(),
        FIREBASE_SERVICE_ACCOUNT_JSON: written,
        FIREBASE_SERVICE_ACCOUNT_PATH: '/none',
        GOOGLE_APPLICATION_CREDENTIALS: '/none',
      };
      const { config, serviceAccount, warnings } = await loadStartup(environment, { createKey: true });
      expect(serviceAccount).toMatchObject({ projectId: 'demo-project', tokenUri: ACCOUNT.token_uri });
      expect([config.fcm.keyFile, warnings]).toEqual([undefined, []]);
    },
  );

  test("takes a content without the project and the address of Google's OAuth, as the Rust server does", async () => {
    const { client_email } = ACCOUNT;
    // Line ends that were escaped twice, too.
    const private_key = ACCOUNT.private_key.replaceAll('\n', String.raw`\n`);
    const { serviceAccount } = await loadStartup(
      {
        DATA_DIR: await tempDirectory(),
        FIREBASE_PROJECT_ID: 'mine',
        FIREBASE_SERVICE_ACCOUNT_JSON: JSON.stringify({ client_email, private_key }),
      },
      { createKey: true },
    );
    expect(serviceAccount).toMatchObject({
      projectId: 'mine',
      tokenUri: 'https://oauth2.googleapis.com/token',
    });
  });

  test("reads the key file that Google's own variable names, if no other does", async () => {
    const google = await fileWith(JSON.stringify({ ...ACCOUNT, project_id: 'last' }));
    const own = await fileWith(JSON.stringify({ ...ACCOUNT, project_id: 'first' }));
    const environment = { ...QUIET, DATA_DIR: await tempDirectory(), GOOGLE_APPLICATION_CREDENTIALS: google };
    const both = { ...environment, FIREBASE_SERVICE_ACCOUNT_PATH: own };
    for (const [from, project, keyFile] of [
      [environment, 'last', google],
      [both, 'first', own],
    ] as const) {
      const { config, serviceAccount, warnings } = await loadStartup(from, { createKey: true });
      expect([serviceAccount?.projectId, config.fcm.keyFile, warnings]).toEqual([project, keyFile, []]);
    }
  });

  test('does not look at the key file of Firebase when FCM is off', async () => {
    const environment = {
      DATA_DIR: await tempDirectory(),
      FCM_ENABLED: 'false',
      FIREBASE_SERVICE_ACCOUNT_PATH: '/none',
    };
    expect((await loadStartup(environment, { createKey: true })).serviceAccount).toBeUndefined();
  });
});

describe('a start is warned', () => {
  test.each([
    [
      'that FCM waits',
      {},
      'FCM waits for credentials: set FIREBASE_SERVICE_ACCOUNT_PATH, or FCM_ENABLED=false',
    ],
    [
      'that no device can register',
      { FCM_ENABLED: 'false', UNIFIEDPUSH_ENABLED: 'false' },
      'FCM_ENABLED and UNIFIEDPUSH_ENABLED are both false: no device can register',
    ],
    [
      'that Apple refuses Web Push from it',
      { FCM_ENABLED: 'false', PUBLIC_URL: 'http://push.example', VAPID_SUBJECT: '' },
      'Apple refuses Web Push without a contact: set VAPID_SUBJECT=mailto:you@your.domain',
    ],
  ])('%s', async (_, environment, warning) => {
    const startup = await loadStartup(
      { ...QUIET, DATA_DIR: await tempDirectory(), ...environment },
      { createKey: true },
    );
    expect(startup.warnings).toEqual([warning]);
  });

  test('of a key file that its group can read', async () => {
    const file = await fileWith(generatePrivateKey(), 0o640);
    const { warnings } = await loadStartup(
      { ...QUIET, SERVER_PRIVATE_KEY_FILE: file, FCM_ENABLED: 'false' },
      { createKey: true },
    );
    expect(warnings).toEqual([`${file} is open to its group; consider: chmod 600 ${file}`]);
  });
});

describe('a start is refused', () => {
  test('with every problem at once, those of the files included', async () => {
    const key = await fileWith('rubbish');
    const account = await fileWith('{}');
    const problems = await problemsOf({
      SERVER_PORT: 'x',
      LOG_LEVEL: 'loud',
      SERVER_PRIVATE_KEY_FILE: key,
      FIREBASE_SERVICE_ACCOUNT_PATH: account,
    });
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual([
      'SERVER_PORT',
      'LOG_LEVEL',
      'FIREBASE_SERVICE_ACCOUNT_PATH',
      'SERVER_PRIVATE_KEY_FILE',
    ]);
  });

  test('and leaves nothing behind', async () => {
    const directory = await tempDirectory();
    await problemsOf({ DATA_DIR: directory, SERVER_PORT: 'x' });
    expect(await readdir(directory)).toEqual([]);
  });

  test.each([
    ['zero', '0'.repeat(64)],
    ['beyond the order of the curve', 'f'.repeat(64)],
  ])('with a key that is %s, which it does not quote', async (_, key) => {
    expect(await problemsOf({ SERVER_PRIVATE_KEY: key })).toEqual([
      "SERVER_PRIVATE_KEY: expected a scalar of secp256k1: neither 0 nor beyond the curve's order",
    ]);
  });

  test('with a key file that everyone can read', async () => {
    const file = await fileWith(generatePrivateKey(), 0o644);
    expect(await problemsOf({ SERVER_PRIVATE_KEY_FILE: file })).toEqual([
      `SERVER_PRIVATE_KEY_FILE: ${file} can be read by every user of this machine; run: chmod 600 ${file}`,
    ]);
  });

  test('with a key file of Firebase that is not there', async () => {
    const environment = { DATA_DIR: await tempDirectory(), FIREBASE_SERVICE_ACCOUNT_PATH: '/none.json' };
    expect(await problemsOf(environment)).toEqual([
      'FIREBASE_SERVICE_ACCOUNT_PATH: /none.json cannot be read (ENOENT)',
    ]);
  });

  test.each([
    ['no JSON', '{"private_key":"secret', NOT_JSON],
    ['no JSON in base64', 'c2VjcmV0', NOT_JSON],
    ['neither', 'secret!', NOT_JSON],
    [
      'no key',
      '{"client_email":"a@b"}',
      'the text is not a Firebase service account key: private_key is missing or empty',
    ],
    [
      'no project',
      JSON.stringify({ ...ACCOUNT, project_id: undefined }),
      'the text names no project_id; set FIREBASE_PROJECT_ID',
    ],
  ])('with a content of the key file that has %s, which it does not quote', async (_, written, problem) => {
    const environment = { DATA_DIR: await tempDirectory(), FIREBASE_SERVICE_ACCOUNT_JSON: written };
    expect(await problemsOf(environment)).toEqual([`FIREBASE_SERVICE_ACCOUNT_JSON: ${problem}`]);
  });

  test("with a key file of Google's own variable that is not there", async () => {
    const environment = { DATA_DIR: await tempDirectory(), GOOGLE_APPLICATION_CREDENTIALS: '/none.json' };
    expect(await problemsOf(environment)).toEqual([
      'GOOGLE_APPLICATION_CREDENTIALS: /none.json cannot be read (ENOENT)',
    ]);
  });

  test('without a character of any secret', async () => {
    const secret = generatePrivateKey();
    const problems = await problemsOf({
      SERVER_PRIVATE_KEY: `${secret}0`,
      SERVER_PRIVATE_KEY_FILE: await fileWith(`${secret}0`),
      FIREBASE_SERVICE_ACCOUNT_PATH: await fileWith(JSON.stringify({ ...ACCOUNT, private_key: secret })),
    });
    expect(problems).toHaveLength(3);
    expect(problems.join('\n')).not.toContain(secret.slice(0, 8));
  });
});

test('a missing key file is reported even if FCM_ENABLED is wrong', async () => {
  const environment = { FCM_ENABLED: 'perhaps', FIREBASE_SERVICE_ACCOUNT_PATH: '/nonexistent/key.json' };
  await expect(loadStartup(environment, { createKey: false })).rejects.toThrow(
    /FCM_ENABLED: .*\n.*FIREBASE_SERVICE_ACCOUNT_PATH: \/nonexistent\/key\.json cannot be read/,
  );
});
