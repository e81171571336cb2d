import type { Values } from './variables.ts';

/** The variables that can have the Firebase service account, in the order in which they are looked at (contract 7). */
export const CREDENTIALS = [
  'FIREBASE_SERVICE_ACCOUNT_JSON',
  'FIREBASE_SERVICE_ACCOUNT_PATH',
  'GOOGLE_APPLICATION_CREDENTIALS',
] as const;

export type CredentialVariable = (typeof CREDENTIALS)[number];

/** The path in the Rust server's example of a `.env`. It names no file, and counts as unset. */
export const EXAMPLE_PATH = '/path/to/service-account.json';

export interface Credential {
  readonly variable: CredentialVariable;
  /** The JSON of the key file, as text or in base64, or the path of the file. */
  readonly written: string;
}

/** The variable that has the service account, if any has. */
export function credentialIn(values: Partial<Values>): Credential | undefined {
  for (const variable of CREDENTIALS) {
    const written = values[variable];
    if (written !== undefined && written !== EXAMPLE_PATH) return { variable, written };
  }
  return undefined;
}

/** The path of the key file, unless its content is in a variable. */
export function keyFileOf(credential: Credential | undefined): string | undefined {
  return credential?.variable === 'FIREBASE_SERVICE_ACCOUNT_JSON' ? undefined : credential?.written;
}
