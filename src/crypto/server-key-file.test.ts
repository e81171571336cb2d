import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { loadOrCreateServerKeyFile, readServerKeyFile, ServerKeyFileError } from './server-key-file.ts';
import { generatePrivateKey, parseServerKey } from './server-key.ts';

/** A key file with this content and mode. */
async function keyFile(content: string, mode = 0o600): Promise<string> {
  const path = join(await tempDirectory(), 'server.key');
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

async function newPath(): Promise<string> {
  return join(await tempDirectory(), 'data', 'server.key');
}

async function failureOf(loading: Promise<unknown>): Promise<string> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ServerKeyFileError);
  return (error as Error).message;
}

describe('a key file that is not there yet', () => {
  test('is made, with its directory, for its owner alone', async () => {
    const path = await newPath();
    expect(await loadOrCreateServerKeyFile(path)).toMatchObject({ created: true });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  });

  test('contains the key that was returned, as 64 hex characters and a line end', async () => {
    const path = await newPath();
    const { key } = await loadOrCreateServerKeyFile(path);
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(/^[0-9a-f]{64}\n$/);
    expect(parseServerKey(text.trim())?.publicKeyHex).toBe(key.publicKeyHex);
  });

  test('leaves nothing else behind', async () => {
    const path = await newPath();
    await loadOrCreateServerKeyFile(path);
    expect(await readdir(join(path, '..'))).toEqual(['server.key']);
  });

  test('is kept from then on', async () => {
    const path = await newPath();
    const first = await loadOrCreateServerKeyFile(path);
    const second = await loadOrCreateServerKeyFile(path);
    expect(second).toMatchObject({ created: false, key: { publicKeyHex: first.key.publicKeyHex } });
  });

  test('is one and the same for many who make it at once, of whom one has made it', async () => {
    const path = await newPath();
    const loaded = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateServerKeyFile(path)));
    expect(new Set(loaded.map(({ key }) => key.publicKeyHex)).size).toBe(1);
    expect(loaded.filter(({ created }) => created)).toHaveLength(1);
    expect(await readdir(join(path, '..'))).toEqual(['server.key']);
  });

  test('cannot be read', async () => {
    const path = await newPath();
    expect(await failureOf(readServerKeyFile(path))).toContain(`${path} cannot be read (ENOENT)`);
  });

  test('cannot be made below a file, and the message has the reason', async () => {
    const parent = join(await tempDirectory(), 'file');
    await writeFile(parent, '');
    const path = join(parent, 'server.key');
    expect(await failureOf(loadOrCreateServerKeyFile(path))).toMatch(/server\.key cannot be \w+ \(ENOTDIR\)/);
  });

  test('cannot be made if the file system refuses, and the message has the remedy', async () => {
    // The name is so long that the draft beside it has no valid name: the superuser is refused too.
    const path = join(await tempDirectory(), 'k'.repeat(240));
    expect(await failureOf(loadOrCreateServerKeyFile(path))).toMatch(
      /cannot be made \(E\w+\); make its directory writable, or set SERVER_PRIVATE_KEY$/,
    );
  });

  test('is not made through a link that leads nowhere', async () => {
    const directory = await tempDirectory();
    const path = join(directory, 'server.key');
    await symlink(join(directory, 'elsewhere'), path);
    expect(await failureOf(loadOrCreateServerKeyFile(path))).toContain('cannot be read (ENOENT)');
    expect(await readdir(directory)).toEqual(['server.key']);
  });
});

describe('a key file that is there', () => {
  test('may have white space around its key', async () => {
    const text = generatePrivateKey();
    const { key } = await readServerKeyFile(await keyFile(`  ${text}\r\n\n`));
    expect(key.publicKeyHex).toBe(parseServerKey(text)?.publicKeyHex);
  });

  const HEX = generatePrivateKey();
  const BYTES = Buffer.from(HEX, 'hex');
  test.each([
    ['a byte order mark', `\uFEFF${HEX}\n`],
    ['a line end that was never made one', String.raw`${HEX}\n`],
    ['base64', BYTES.toString('base64')],
    ['base64url', BYTES.toString('base64url')],
    ['base64 of the hex characters', Buffer.from(`${HEX}\n`).toString('base64')],
    ['quotation marks', `"${HEX}"`],
    ['upper case', HEX.toUpperCase()],
    ['what keygen prints', `# public key 02ab\n# npub1x\nSERVER_PRIVATE_KEY=${HEX}\n`],
  ])('may be written with %s', async (_, content) => {
    const { key } = await readServerKeyFile(await keyFile(content));
    expect(key.publicKeyHex).toBe(parseServerKey(HEX)?.publicKeyHex);
  });

  test('is refused in UTF-16, which is named', async () => {
    const path = join(await tempDirectory(), 'server.key');
    await writeFile(path, `\uFEFF${HEX}`, { encoding: 'utf16le', mode: 0o600 });
    expect(await failureOf(readServerKeyFile(path))).toBe(`${path} is written in UTF-16; save it as UTF-8`);
  });

  test('gives no warning when its owner alone can read it', async () => {
    expect(await readServerKeyFile(await keyFile(generatePrivateKey(), 0o400))).not.toHaveProperty('warning');
  });

  test.each([
    ['read', 0o640],
    ['change', 0o620],
    ['read and change', 0o660],
  ])('gives a warning when its group can %s it', async (_, mode) => {
    const path = await keyFile(generatePrivateKey(), mode);
    const { warning } = await readServerKeyFile(path);
    expect(warning).toBe(`${path} is open to its group; consider: chmod 600 ${path}`);
  });

  test.each([
    ['read', [0o604, 0o644, 0o666, 0o777]],
    ['changed', [0o602, 0o622, 0o662]],
  ])('is refused when it can be %s by everyone', async (what, modes) => {
    for (const mode of modes) {
      const path = await keyFile(generatePrivateKey(), mode);
      expect(await failureOf(loadOrCreateServerKeyFile(path))).toBe(
        `${path} can be ${what} by every user of this machine; run: chmod 600 ${path}`,
      );
    }
  });

  test.each([
    ['nothing', ''],
    ['a secret that is no key', 'hunter2hunter2'],
    ['zero', '0'.repeat(64)],
    ['two keys', `${generatePrivateKey()}\n${generatePrivateKey()}`],
    ['a key in PEM', '-----BEGIN EC PRIVATE KEY-----'],
    ['half a key', generatePrivateKey().slice(32)],
    ['an nsec', 'nsec1slip'],
  ])('is refused when it contains %s, which is not quoted', async (_, content) => {
    const path = await keyFile(content);
    const message = await failureOf(loadOrCreateServerKeyFile(path));
    expect(message).toMatch(
      new RegExp(`^${path} does not hold a private key; expected 64 hex characters; [a-z ]+[\\w, ]+$`),
    );
  });

  test('is never overwritten, whatever its content', async () => {
    const path = await keyFile('rubbish');
    await failureOf(loadOrCreateServerKeyFile(path));
    expect(await readFile(path, 'utf8')).toBe('rubbish');
  });

  test('is refused when it is a directory', async () => {
    const path = join(await tempDirectory(), 'server.key');
    await mkdir(path, { mode: 0o700 });
    expect(await failureOf(loadOrCreateServerKeyFile(path))).toBe(
      `${path} is not a file; expected one of 64 hex characters`,
    );
  });
});
