import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { googleServiceAccount } from '../../stand-ins/google-service-account.ts';
import { problemsOf, startWith } from '../../test/support/dot-env.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { ConfigError, type Config } from '../config/config.ts';
import { loadEnvironment } from './environment.ts';
import { loadStartup, type Startup } from './load-startup.ts';

const { file: ACCOUNT } = await googleServiceAccount('demo-project', 'https://oauth2.example/token');
const JSON_TEXT = JSON.stringify(ACCOUNT, null, 2);

const RELAYS = ['wss://a.example', 'wss://b.example'];

describe('a configuration as people write it is understood', () => {
  test.each<[string, string, (config: Config) => unknown, unknown]>([
    ['relays one to a line', `NOSTR_RELAYS="${RELAYS.join('\n')}"`, ({ relays }) => relays.urls, RELAYS],
    [
      'relays with commas and line ends',
      `NOSTR_RELAYS="\n  ${RELAYS.join(',\n  ')},\n"`,
      ({ relays }) => relays.urls,
      RELAYS,
    ],
    ['relays with spaces', `NOSTR_RELAYS=${RELAYS.join('  ')}`, ({ relays }) => relays.urls, RELAYS],
    [
      'relays with no-break spaces',
      `NOSTR_RELAYS=${RELAYS.join(',\u00A0')}`,
      ({ relays }) => relays.urls,
      RELAYS,
    ],
    [
      'relays in quotation marks each',
      `NOSTR_RELAYS="${RELAYS.join('", "')}"`,
      ({ relays }) => relays.urls,
      RELAYS,
    ],
    ['kinds with a space', 'NOSTR_KINDS=1059 14', ({ relays }) => relays.kinds, [1059, 14]],
    [
      'origins one to a line',
      'CORS_ALLOWED_ORIGINS="https://a.example\nhttps://b.example"',
      ({ http }) => http.allowedOrigins,
      ['https://a.example', 'https://b.example'],
    ],
    [
      'line ends of Windows',
      'SERVER_PORT=1234\r\nLOG_LEVEL=debug\r\n',
      ({ http, log }) => [http.port, log.level],
      [1234, 'debug'],
    ],
    ['export, and a comment behind', 'export SERVER_PORT=1234 # the port', ({ http }) => http.port, 1234],
    ['a byte order mark', '\uFEFFSERVER_PORT=1234', ({ http }) => http.port, 1234],
    ['invisible characters around a value', 'SERVER_PORT=\u200B1234\u00A0', ({ http }) => http.port, 1234],
    [
      'a switch that says yes',
      'ALLOW_PLAINTEXT_TOKENS=No\nTRUST_PROXY=yes',
      ({ http }) => [http.allowPlaintextTokens, http.addressSource],
      [false, 'x-forwarded-for'],
    ],
    ['an address in brackets', 'SERVER_HOST=[::1]', ({ http }) => http.host, '::1'],
    [
      'a page with a fragment',
      'WEBPUSH_NOTICE_TITLE="Trade #1"\nWEBPUSH_NOTICE_URL=https://app.example/#/trades',
      ({ unifiedPush }) => unifiedPush.notice?.url,
      'https://app.example/#/trades',
    ],
  ])('%s', async (_, dotEnv, read, expected) => {
    expect(read((await startWith(dotEnv)).config)).toEqual(expected);
  });

  test('comments that another tool kept', async () => {
    const kept = {
      SERVER_PORT: '1234 # the port',
      NOSTR_RELAYS: `${RELAYS.join(' ')} # ours`,
      FCM_ENABLED: 'no # yet',
    };
    const { config } = await startWith('', kept);
    expect([config.http.port, config.relays.urls, config.fcm.enabled]).toEqual([1234, RELAYS, false]);
  });

  test('quotation marks that another tool kept', async () => {
    const kept = {
      SERVER_PORT: '"1234"',
      NOSTR_RELAYS: `'${RELAYS.join(',')}'`,
      FCM_DATA_TYPE: '""',
      FCM_ENABLED: '"false"',
    };
    const { config } = await startWith('', kept);
    expect([config.http.port, config.relays.urls, config.fcm.dataType, config.fcm.enabled]).toEqual([
      1234,
      RELAYS,
      undefined,
      false,
    ]);
  });

  test.each([
    ['a byte order mark', `\uFEFF${JSON_TEXT}`],
    ['base64', Buffer.from(JSON_TEXT).toString('base64')],
    ['base64 with line ends', Buffer.from(JSON_TEXT).toString('base64').replaceAll(/.{76}/g, '$&\n')],
    ['line ends that were never made ones', JSON_TEXT.replaceAll('\n', String.raw`\n`)],
    ['true line ends in the key', JSON_TEXT.replaceAll(String.raw`\n`, '\n')],
    ['line ends that were escaped twice', JSON_TEXT.replaceAll(String.raw`\n`, String.raw`\\n`)],
    ['line ends of Windows', JSON_TEXT.replaceAll('\n', '\r\n')],
    ['JSON as a string of JSON', JSON.stringify(JSON_TEXT)],
  ])('a key file of Firebase with %s', async (_, text) => {
    const path = join(await tempDirectory(), 'key.json');
    await writeFile(path, text);
    const { serviceAccount } = await startWith('', { FIREBASE_SERVICE_ACCOUNT_PATH: path });
    expect(serviceAccount).toMatchObject({ projectId: 'demo-project', clientEmail: ACCOUNT.client_email });
    const inVariable = await startWith('', { FIREBASE_SERVICE_ACCOUNT_JSON: text });
    expect(inVariable.serviceAccount).toMatchObject({ projectId: 'demo-project' });
  });

  test.each([
    ['single quotation marks', `'${JSON.stringify(ACCOUNT)}'`],
    ['single quotation marks, over many lines', `'${JSON_TEXT}'`],
    ['double quotation marks, with escapes', JSON.stringify(JSON.stringify(ACCOUNT))],
    ['double quotation marks, without escapes', `"${JSON.stringify(ACCOUNT)}"`],
    ['no quotation marks', JSON.stringify(ACCOUNT)],
  ])('a key of Firebase in .env with %s', async (_, written) => {
    const { serviceAccount } = await startWith(`FIREBASE_SERVICE_ACCOUNT_JSON=${written}\nSERVER_PORT=1\n`);
    expect(serviceAccount).toMatchObject({ projectId: 'demo-project' });
  });
});

describe('a configuration that nobody meant is refused, with the trouble named and no value quoted', () => {
  test.each([
    [
      'NOSTR_RELAYS',
      'wss://secret-a.examplewss://secret-b.example',
      /two URLs are joined in one: :\/\/ is in it twice$/,
    ],
    ['NOSTR_RELAYS', 'wss://secret.example;wss://secret.example', /two URLs are joined/],
    ['NOSTR_RELAYS', 'secret.example/x', /it does not begin with wss:\/\/ and a host$/],
    ['NOSTR_RELAYS', 'wss:secret.example/x', /it does not begin with wss:\/\/ and a host$/],
    ['NOSTR_RELAYS', 'wss:///secret.example', /it does not begin with wss:\/\/ and a host$/],
    ['NOSTR_RELAYS', String.raw`wss:\\secret.example`, /it does not begin with wss:\/\/ and a host$/],
    ['NOSTR_RELAYS', 'https://secret.example', /it begins with https:\/\/$/],
    [
      'NOSTR_RELAYS',
      'wss://sec\u200Bret.example',
      /it has an invisible character \(U\+200B\) at position 10$/,
    ],
    ['NOSTR_RELAYS', '“wss://secret.example”', /a typographic quotation mark \(U\+201C\) at position 1$/],
    ['PUBLIC_URL', 'https://secret.example https://secret.example', /two URLs are joined/],
    ['PUBLIC_URL', 'https://secret example', /white space is in it$/],
    ['FCM_BASE_URL', 'https://https://secret.example', /two URLs are joined/],
    ['WEBPUSH_NOTICE_URL', 'https://secret.example/a b', /white space is in it$/],
    ['CORS_ALLOWED_ORIGINS', 'secret.example/x', /it does not begin with https:\/\/ and a host$/],
    ['VAPID_SUBJECT', 'https://secret.example/https://x', undefined],
    [
      'SERVER_PORT',
      '８０８０',
      /expected a whole number .*; it has a full-width character \(U\+FF18\) at position 1$/,
    ],
    ['SERVER_PORT', '٨', /it has a digit of another script \(U\+0668\)/],
    ['SERVER_PORT', '80\u00A080', /it has a space that is not the plain one \(U\+00A0\) at position 3$/],
    ['SERVER_PORT', '"8080', /a quotation mark of it has no other one$/],
    ['SERVER_PORT', '8080#secret', /65535; a comment needs a space before its #$/],
    ['SERVER_HOST', 'http://0.0.0.0', /without a scheme and a port/],
    ['SERVER_HOST', '0.0.0.0:8080', /without a scheme and a port/],
    ['SERVER_HOST', '300.1.1.1', /an address of this machine/],
    ['COOLDOWN_MS', '–5', /a typographic dash \(U\+2013\)/],
    ['SERVER_PORT', '8O80', /from 0 to 65535, got "8O80"$/],
    [
      'NOSTR_RELAYS',
      'wss://a.example wss//secret.example',
      /; number 2 of them: it does not begin with wss:/,
    ],
    ['NOSTR_RELAYS', 'relay', /separated by commas, got "relay"; it does not begin with wss:/],
    ['FCM_ENABLED', 'true;', /expected true or false, got|expected true or false$/],
    ['DATA_DIR', '~/secret', /only a shell replaces ~ by a home directory: write the whole path$/],
    ['DATA_DIR', '$HOME/secret', /only a shell replaces what follows a \$/],
    ['LOG_FILE', '${HOME}/secret', /only a shell replaces what follows a \$/],
    ['FIREBASE_SERVICE_ACCOUNT_PATH', 'file:///secret.json', /expected a path, not a URL$/],
    [
      'FIREBASE_SERVICE_ACCOUNT_JSON',
      './secret.json',
      /the text is a path; put that into FIREBASE_SERVICE_ACCOUNT_PATH$/,
    ],
    ['FIREBASE_PROJECT_ID', '123456789012', /this is the project number/],
    ['FIREBASE_PROJECT_ID', 'My Secret!', /expected the project ID/],
    ['FIREBASE_PROJECT_ID', 'demo/secret', /expected the project ID/],
    ['SERVER_PRIVATE_KEY', `${'0'.repeat(63)}1`, /everybody knows or guesses this key/],
    [
      'SERVER_PRIVATE_KEY',
      'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140',
      /everybody knows or guesses/,
    ],
    [
      'SERVER_PRIVATE_KEY',
      '7f7ff03d123792d6ac594bfa67bf6d0c0ab55b6b1fdb6249303fe861f1ccba9a',
      /everybody knows or guesses/,
    ],
    ['SERVER_PRIVATE_KEY', `0x${'secret'.repeat(11)}`, /it begins with 0x/],
    ['SERVER_PRIVATE_KEY', 'nsec1secret', /it is an nsec/],
    ['SERVER_PRIVATE_KEY', `${'ab'.repeat(31)}\u200Bab`, /an invisible character/],
  ])('%s=%j', async (name, written, trouble) => {
    const [problem = '', ...others] = await problemsOf('', { FCM_ENABLED: 'true', [name]: written });
    expect(others).toEqual([]);
    expect(problem).toMatch(new RegExp(`^${name}: `));
    expect(problem).not.toMatch(/secret|fffff|7f7ff/i);
    if (trouble !== undefined) expect(problem).toMatch(trouble);
  });

  test.each([
    ['empty', '', /: it is empty$/],
    ['the key alone', ACCOUNT.private_key, /: it is a key in PEM, without the JSON around it$/],
    [
      'the file of the app',
      '{"project_info":{},"client":[]}',
      /is google-services\.json, which is for the app/,
    ],
    ['UTF-16', Buffer.from(`\uFEFF${JSON_TEXT}`, 'utf16le'), / is written in UTF-16; save it as UTF-8$/],
    ['UTF-16 without a mark', Buffer.from(JSON_TEXT, 'utf16le'), / is written in UTF-16; save it as UTF-8$/],
  ])('a key file of Firebase that is %s', async (_, content, trouble) => {
    const path = join(await tempDirectory(), 'key.json');
    await writeFile(path, content);
    const [problem = ''] = await problemsOf('', { FIREBASE_SERVICE_ACCOUNT_PATH: path });
    expect(problem).toMatch(trouble);
  });

  test.each(['utf16le', 'tilde', 'newline-separated'])('the file of a user: %s', async (name) => {
    const directory = await tempDirectory();
    await copyFile(new URL(`../../test/vectors/env/${name}`, import.meta.url), join(directory, '.env'));
    const { problems, variables } = await loadEnvironment(directory, {});
    const startup = await loadStartup(variables, { createKey: false, problems }).catch(
      (error: unknown) => error,
    );
    const said = startup instanceof ConfigError ? startup.problems : (startup as Startup).config.relays.urls;
    expect(said).toEqual(
      {
        utf16le: ['.env: is written in UTF-16; save it as UTF-8'],
        tilde: [
          'DATA_DIR: expected a path, and only a shell replaces ~ by a home directory: write the whole path',
        ],
        'newline-separated': RELAYS,
      }[name],
    );
  });

  test('with every problem of a .env in UTF-16 at once', async () => {
    const problems = await problemsOf(Buffer.from('\uFEFFSERVER_PORT=http\nSTORE=sqlite\n', 'utf16le'));
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual(['.env', 'SERVER_PORT', 'STORE']);
  });
});
