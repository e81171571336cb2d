import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

import { z } from 'zod';

import { parseJson } from '../../core/basics/parse-json.ts';
import { Secret } from '../../core/basics/secret.ts';

/** The fields that are used of a Google service account's key file, as the Firebase console creates it. */
export interface ServiceAccount {
  readonly projectId: string;
  readonly clientEmail: string;
  readonly tokenUri: string;
  readonly privateKeyId: string | undefined;
  readonly privateKey: Secret<KeyObject>;
}

/** A key file that cannot be used. The message names the file and the field, and never quotes the content. */
export class ServiceAccountError extends Error {
  override readonly name = 'ServiceAccountError';
}

const MISSING = 'is missing or empty';
const GOOGLE_OAUTH = 'https://oauth2.googleapis.com/token';

const KeyFile = z.object({
  type: z.literal('service_account', 'is not "service_account": this is another kind of key file').optional(),
  project_id: z.string(MISSING).min(1, MISSING).optional(),
  client_email: z.string(MISSING).min(1, MISSING),
  token_uri: z.url({ protocol: /^https?$/, error: 'is not an http(s) URL' }),
  private_key_id: z.string().min(1).optional(),
  private_key: z.string(MISSING).transform((pem, context): KeyObject => {
    const key = parsePrivateKey(pem);
    if (key !== undefined) return key;
    context.addIssue({ code: 'custom', message: 'is not an RSA private key in PEM' });
    return z.NEVER;
  }),
});

function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    // In a variable the line ends are often written as `\n` once too often.
    const key = createPrivateKey(pem.replaceAll(String.raw`\n`, '\n'));
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads a key file again while the server runs. A pipe is refused: it was read to its end at the start, and opening it again would wait
 * forever for a writer, and stop all pushes through FCM.
 *
 * @throws ServiceAccountError as {@link readServiceAccount}, and if the path is not a regular file
 */
export async function readServiceAccountAgain(path: string, projectId?: string): Promise<ServiceAccount> {
  const isPipe = await stat(path).then(
    (file) => !file.isFile(),
    () => false,
  );
  if (isPipe) throw new ServiceAccountError(`${path} is not a regular file, so it is read only at the start`);
  return readServiceAccount(path, projectId);
}

/**
 * Reads a service account's key file.
 *
 * @param projectId `FIREBASE_PROJECT_ID`: the project to push to, in place of the file's own
 * @throws ServiceAccountError naming the file and every field that is wrong
 */
export async function readServiceAccount(path: string, projectId?: string): Promise<ServiceAccount> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ServiceAccountError(`${path} cannot be read (${error.code})`);
  });
  return accountOf(parseJson(text), path, projectId);
}

/**
 * Reads the content of a key file from a variable. The Rust server's example has neither a project nor the address of Google's OAuth.
 *
 * @param written the JSON as it is, or in base64
 * @throws ServiceAccountError as {@link readServiceAccount}
 */
export function parseServiceAccount(written: string, projectId?: string): ServiceAccount {
  const text = written.trim().startsWith('{') ? written : Buffer.from(written, 'base64').toString('utf8');
  const json = parseJson(text);
  if (json === undefined)
    throw new ServiceAccountError(
      'the text is not JSON; in .env put it between single quotes, or write it in base64',
    );
  const isObject = typeof json === 'object' && json !== null;
  return accountOf(isObject ? { token_uri: GOOGLE_OAUTH, ...json } : json, 'the text', projectId);
}

/** @param place where the JSON was read, for messages */
function accountOf(json: unknown, place: string, projectId: string | undefined): ServiceAccount {
  if (json === undefined) throw new ServiceAccountError(`${place} is not JSON`);
  const parsed = KeyFile.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path: [field], message }) => `${String(field ?? 'the file')} ${message}`,
    );
    throw new ServiceAccountError(`${place} is not a Firebase service account key: ${problems.join('; ')}`);
  }
  const file = parsed.data;
  const project = projectId ?? file.project_id;
  if (project === undefined)
    throw new ServiceAccountError(`${place} names no project_id; set FIREBASE_PROJECT_ID`);
  return {
    projectId: project,
    clientEmail: file.client_email,
    tokenUri: file.token_uri,
    privateKeyId: file.private_key_id,
    privateKey: new Secret(file.private_key),
  };
}
