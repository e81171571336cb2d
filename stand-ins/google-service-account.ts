import { generateKeyPair, type KeyObject, randomBytes, randomInt } from 'node:crypto';
import { promisify } from 'node:util';

/** The key file that the Firebase console hands out. */
export interface ServiceAccountFile {
  type: 'service_account';
  project_id: string;
  private_key_id: string;
  private_key: string;
  client_email: string;
  client_id: string;
  auth_uri: string;
  token_uri: string;
  auth_provider_x509_cert_url: string;
  client_x509_cert_url: string;
  universe_domain: string;
}

/** Making an RSA key takes a tenth of a second of a core, so all accounts of a process share one. */
const KEY_PAIR = promisify(generateKeyPair)('rsa', { modulusLength: 2048 });

/** Makes a service account: the key file for the client, and the public key that checks its signatures. */
export async function googleServiceAccount(
  projectId: string,
  tokenUri: string,
): Promise<{ file: ServiceAccountFile; publicKey: KeyObject }> {
  const { privateKey, publicKey } = await KEY_PAIR;
  const email = `firebase-adminsdk-${randomBytes(3).toString('hex')}@${projectId}.iam.gserviceaccount.com`;
  const file: ServiceAccountFile = {
    type: 'service_account',
    project_id: projectId,
    private_key_id: randomBytes(20).toString('hex'),
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    client_email: email,
    client_id: `1${Array.from({ length: 20 }, () => randomInt(10)).join('')}`,
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: tokenUri,
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(email)}`,
    universe_domain: 'googleapis.com',
  };
  return { file, publicKey };
}
