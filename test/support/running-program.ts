import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { keep } from './keep.ts';
import { runProgram, type Program } from './program.ts';
import { tempDirectory } from './temp-directory.ts';

/** Ports that nobody else has, and no relay but one that is not there: nothing leaves the machine. One client is all. */
export const ALONE = {
  SERVER_PORT: '0',
  ADMIN_PORT: '0',
  NOSTR_RELAYS: 'ws://127.0.0.1:9',
  RATE_LIMIT_PER_MINUTE: '1000000',
};

export interface RunningProgram {
  readonly program: Program;
  readonly apiUrl: string;
  readonly adminUrl: string;
}

/** Runs the program, by default in an empty directory and with the least environment, until the test is over. */
export async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  directory?: string,
  within?: readonly string[],
): Promise<Program> {
  return keep(await runProgram(args, environment, directory, within));
}

/** Starts the program as a server, by itself or within another command, and waits for its screen. */
export async function serve(
  environment: Readonly<Record<string, string>> = {},
  directory?: string,
  within?: readonly string[],
): Promise<RunningProgram> {
  const program = await run([], { ...ALONE, ...environment }, directory, within);
  const [, apiUrl = ''] = await program.untilPrinted(/HTTP API +(http:\S+)/);
  const [, adminUrl = ''] = await program.untilPrinted(/admin +(\S+)/);
  // The line after the screen: by then everything that a start prints has been printed.
  await program.untilPrinted(/server\.started/);
  return { program, apiUrl: apiUrl.replace('0.0.0.0', '127.0.0.1'), adminUrl };
}

/** Runs a command to its end. */
export async function outcome(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  directory?: string,
): Promise<{ code: number | null; stdout: string; stderr: string; directory: string }> {
  const program = await run(args, environment, directory);
  const code = await program.exited;
  return { code, stdout: program.stdout(), stderr: program.stderr(), directory: program.directory };
}

/** What the program needs to find a Google stand-in, and to trust it where it speaks TLS. */
export async function googleEnvironment(google: GoogleStandIn): Promise<Record<string, string>> {
  const directory = await tempDirectory();
  const certificate = join(directory, 'ca.pem');
  await writeFile(certificate, google.caCertificate ?? '');
  return {
    FCM_BASE_URL: google.baseUrl,
    FIREBASE_SERVICE_ACCOUNT_PATH: await google.writeServiceAccount(directory),
    ...(google.caCertificate !== undefined && { NODE_EXTRA_CA_CERTS: certificate }),
  };
}
