import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Daemon } from '../stand-ins/daemon.ts';
import { GoogleStandIn } from '../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../stand-ins/unifiedpush-stand-in.ts';
import { Program } from './program.ts';

/** The program, and everything that it talks to. */
export interface Testbed {
  readonly relay: RelayStandIn;
  readonly google: GoogleStandIn;
  readonly unifiedPush: UnifiedPushStandIn;
  readonly daemon: Daemon;
  readonly program: Program;
}

/** Starts everything, runs the work, and then stops and removes everything, even if the work failed. */
export async function withTestbed<Result>(work: (testbed: Testbed) => Promise<Result>): Promise<Result> {
  await using directory = await TemporaryDirectory.make();
  await using relay = await RelayStandIn.start();
  await using google = await GoogleStandIn.start();
  await using unifiedPush = await UnifiedPushStandIn.start();
  await using daemon = new Daemon();
  const environment = {
    NOSTR_RELAYS: relay.url,
    SERVER_HOST: '127.0.0.1',
    SERVER_PORT: '0',
    ADMIN_PORT: '0',
    FCM_BASE_URL: google.baseUrl,
    FIREBASE_SERVICE_ACCOUNT_PATH: await google.writeServiceAccount(directory.path),
    NODE_EXTRA_CA_CERTS: await writeCertificate(directory.path, google),
    UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
    LOG_FORMAT: 'json',
  };
  await using program = new Program({ directory: directory.path, environment });
  return await work({ relay, google, unifiedPush, daemon, program });
}

async function writeCertificate(directory: string, { caCertificate = '' }: GoogleStandIn): Promise<string> {
  const path = join(directory, 'stand-in-ca.pem');
  await writeFile(path, caCertificate);
  return path;
}

/** A directory that is gone when the demo is over. */
class TemporaryDirectory implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryDirectory> {
    return new TemporaryDirectory(await mkdtemp(join(tmpdir(), 'mostro-push-demo-')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
