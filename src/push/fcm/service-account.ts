import { cannotRead } from '../../lib/cannot-read.ts';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

import { z } from 'zod';

import { parseJson } from '../../core/basics/parse-json.ts';
import { decodeText, WrongEncoding } from '../../lib/decode-text.ts';
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
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new ServiceAccountError(cannotRead(path, error.code));
  });
  const text = textOf(path, bytes);
  const json = readJson(text);
  if (json === undefined) throw new ServiceAccountError(`${path} is not JSON${troubleIn(text)}`);
  return accountOf(json, path, projectId);
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    return decodeText(bytes);
  } catch (error) {
    if (!(error instanceof WrongEncoding)) throw error;
    throw new ServiceAccountError(`${path} ${error.message}`);
  }
}

/**
 * Reads JSON as tools hand it on: as it is, in base64, once more as a string of JSON, with line ends that were written as `\n` between the
 * members, with true line ends inside the strings, or between quotation marks that another tool kept.
 */
function readJson(given: string): unknown {
  const written = given.replace(/^\s*(["'])\s*(\{[^]*\})\s*\1\s*$/, '$2');
  const json = parseJson(given) ?? parseJson(written) ?? parseJson(withLineEnds(written));
  if (typeof json === 'string') return parseJson(json) ?? json;
  if (json !== undefined || written.includes('{')) return json;
  const decoded = Buffer.from(written, 'base64')
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  return decoded.includes('{') ? (parseJson(decoded) ?? parseJson(withLineEnds(decoded))) : undefined;
}

/** The JSON with escaped line ends inside of strings, and true ones between them. */
function withLineEnds(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\[^])*"|\\[nrt]/g, (part) =>
    part.startsWith('"') ? part.replaceAll('\r', '').replaceAll('\n', String.raw`\n`) : ' ',
  );
}

/** What a text that is no JSON seems to be, as the end of a message. */
function troubleIn(text: string): string {
  if (text.trim() === '') return ': it is empty';
  if (/-----BEGIN/.test(text) && !text.includes('{'))
    return ': it is a key in PEM, without the JSON around it';
  return '';
}

/**
 * Reads the content of a key file from a variable. The Rust server's example has neither a project nor the address of Google's OAuth.
 *
 * @param written the JSON as it is, or in base64
 * @throws ServiceAccountError as {@link readServiceAccount}
 */
export function parseServiceAccount(written: string, projectId?: string): ServiceAccount {
  const json = readJson(written);
  if (json === undefined)
    throw new ServiceAccountError(
      /^[.~/][^{]*\.json$/.test(written.trim())
        ? 'the text is a path; put that into FIREBASE_SERVICE_ACCOUNT_PATH'
        : 'the text is not JSON; in .env put it between single quotes, or write it in base64',
    );
  const isObject = typeof json === 'object' && json !== null;
  return accountOf(isObject ? { token_uri: GOOGLE_OAUTH, ...json } : json, 'the text', projectId);
}

/** Whether this is the file that Firebase makes for an Android app. */
function isOfApp(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'project_info' in json && 'client' in json;
}

/** @param place where the JSON was read, for messages */
function accountOf(json: unknown, place: string, projectId: string | undefined): ServiceAccount {
  if (isOfApp(json))
    throw new ServiceAccountError(
      `${place} is google-services.json, which is for the app; make a key of a service account (Firebase console, Project settings, Service accounts)`,
    );
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
