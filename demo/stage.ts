import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Daemon } from '../stand-ins/daemon.ts';
import { GoogleStandIn } from '../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../stand-ins/unifiedpush-stand-in.ts';
import { Program } from './program.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

/** The world that the program is put into, and the program. */
export interface Stage {
  readonly relay: RelayStandIn;
  readonly google: GoogleStandIn;
  readonly unifiedPush: UnifiedPushStandIn;
  readonly daemon: Daemon;
  readonly program: Program;
}

/** Sets the stage, lets the play happen on it, and clears it away however the play ends. */
export async function onStage<Result>(play: (stage: Stage) => Promise<Result>): Promise<Result> {
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
  return await play({ relay, google, unifiedPush, daemon, program });
}

async function writeCertificate(directory: string, { caCertificate = '' }: GoogleStandIn): Promise<string> {
  const path = join(directory, 'stand-in-ca.pem');
  await writeFile(path, caCertificate);
  return path;
}
