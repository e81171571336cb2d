import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { googleServiceAccount } from '../../../stand-ins/google-service-account.ts';
import { makeFifo } from '../../../test/support/make-fifo.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { readServiceAccount, readServiceAccountAgain, ServiceAccountError } from './service-account.ts';

const { file: FILE } = await googleServiceAccount('demo-project', 'https://oauth2.example/token');
const EC_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

async function written(content: object | string): Promise<string> {
  const path = join(await tempDirectory(), 'key.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

async function failureOf(path: string, projectId?: string): Promise<string> {
  const error = await readServiceAccount(path, projectId).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ServiceAccountError);
  return (error as Error).message;
}

describe('a service account key file', () => {
  test('is read in the form that the Firebase console creates', async () => {
    const account = await readServiceAccount(await written(FILE));
    expect(account).toMatchObject({
      projectId: 'demo-project',
      clientEmail: FILE.client_email,
      tokenUri: 'https://oauth2.example/token',
      privateKeyId: FILE.private_key_id,
    });
    expect(account.privateKey.reveal().export({ type: 'pkcs8', format: 'pem' })).toBe(FILE.private_key);
  });

  test('is used with the operator’s project if one is set', async () => {
    expect(await readServiceAccount(await written(FILE), 'mine')).toMatchObject({ projectId: 'mine' });
  });

  test('may lack its project if the operator sets one', async () => {
    const path = await written({ ...FILE, project_id: undefined });
    expect(await readServiceAccount(path, 'mine')).toMatchObject({ projectId: 'mine' });
    expect(await failureOf(path)).toBe(`${path} names no project_id; set FIREBASE_PROJECT_ID`);
  });

  test('may lack the id of its key', async () => {
    const path = await written({ ...FILE, private_key_id: undefined });
    expect((await readServiceAccount(path)).privateKeyId).toBeUndefined();
  });

  test('does not show its key when it is printed', async () => {
    const account = await readServiceAccount(await written(FILE));
    expect(JSON.stringify(account)).toContain('"privateKey":"[redacted]"');
  });
});

describe('a key file that cannot be used is refused', () => {
  test.each([
    ['type', 'authorized_user', 'type is not "service_account": this is another kind of key file'],
    ['project_id', '', 'project_id is missing or empty'],
    ['project_id', 7, 'project_id is missing or empty'],
    ['client_email', undefined, 'client_email is missing or empty'],
    ['client_email', '', 'client_email is missing or empty'],
    ['token_uri', undefined, 'token_uri is not an http(s) URL'],
    ['token_uri', 'file:///etc/passwd', 'token_uri is not an http(s) URL'],
    ['token_uri', 'oauth2', 'token_uri is not an http(s) URL'],
    ['private_key', undefined, 'private_key is missing or empty'],
    ['private_key', 'hunter2', 'private_key is not an RSA private key in PEM'],
    ['private_key', FILE.private_key.slice(0, -200), 'private_key is not an RSA private key in PEM'],
    ['private_key', EC_KEY, 'private_key is not an RSA private key in PEM'],
  ])('with a wrong %s: %j', async (field, value, problem) => {
    const path = await written({ ...FILE, [field]: value });
    expect(await failureOf(path)).toBe(`${path} is not a Firebase service account key: ${problem}`);
  });

  test('with a message that names every wrong field', async () => {
    const message = await failureOf(await written({}));
    for (const field of ['client_email', 'token_uri', 'private_key'])
      expect(message).toContain(`${field} is`);
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '{"private_key": "hunter2'],
    ['the bare key', FILE.private_key],
  ])('as no JSON if it holds %s', async (_, content) => {
    const path = await written(content);
    expect(await failureOf(path)).toMatch(new RegExp(`^${path} is not JSON(?:$|: it is )`));
  });

  test.each(['[]', 'null', '"text"'])('as no key file if it holds %s', async (content) => {
    expect(await failureOf(await written(content))).toContain(
      'is not a Firebase service account key: the file ',
    );
  });

  test('as unreadable, with the reason', async () => {
    const directory = await tempDirectory();
    expect(await failureOf(join(directory, 'none.json'))).toBe(
      `${join(directory, 'none.json')} cannot be read (ENOENT)`,
    );
    expect(await failureOf(directory)).toBe(`${directory} cannot be read (EISDIR)`);
  });

  test('without quoting its content', async () => {
    const secret = randomBytes(12).toString('hex');
    const broken = {
      type: secret,
      project_id: [secret],
      client_email: { secret },
      token_uri: secret,
      private_key: secret,
    };
    expect(await failureOf(await written(broken))).not.toContain(secret);
    expect(await failureOf(await written(`{"private_key":"${secret}`))).not.toContain(secret);
  });
});

test('a key file that is a pipe is refused at once when it is read again', async () => {
  const path = join(await tempDirectory(), 'key.json');
  await makeFifo(path);
  await expect(readServiceAccountAgain(path)).rejects.toThrow(
    new ServiceAccountError(`${path} is not a regular file, so it is read only at the start`),
  );
  expect(await readServiceAccountAgain(await written(FILE))).toMatchObject({ projectId: 'demo-project' });
});
