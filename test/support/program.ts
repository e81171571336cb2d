import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { leaksIn } from './leak-watch.ts';
import type { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { keep } from './keep.ts';
import { tempDirectory } from './temp-directory.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Program extends AsyncDisposable {
  /** Its working directory. It has only what the test put there. */
  readonly directory: string;
  readonly pid: number;
  /** Everything it has printed so far, on either stream. */
  readonly output: () => string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
  readonly isRunning: boolean;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has printed this, on either stream; rejects if it ends before. */
  untilPrinted(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Keys that may be printed: the start screen, `doctor` and `keygen` show the server's own public key. */
function ownKeys(output: string): string[] {
  const screens = output.matchAll(
    /public key +([0-9a-f]{66})\s+(npub\w+)?|public key is ([0-9a-f]{66})|Public key: (\w{66})/g,
  );
  return [...screens].flatMap(([, ...keys]) => keys.filter((key) => key !== undefined));
}

function withoutCommands(
  args: readonly string[],
  { stdout, stderr }: { stdout: string; stderr: string },
): string {
  // These commands print keys or tokens to standard output: that is their purpose.
  return args[0] === 'keygen' || args.join(' ') === 'store export' ? stderr : `${stdout}\n${stderr}`;
}

/** Runs the compiled program in an empty directory, with only the given environment. @param within a command that runs the program, such as `unshare` */
export async function runProgram(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  directory?: string,
  within: readonly string[] = [],
): Promise<Program> {
  const cwd = directory ?? (await mkdtemp(join(tmpdir(), 'mostro-push-')));
  const [command = process.execPath, ...rest] = [...within, process.execPath, MAIN, ...args];
  const child = spawn(command, rest, { cwd, env: { ...environment }, stdio: 'pipe' });
  const printed = { stdout: '', stderr: '' };
  let order = '';
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
      order += text;
      for (const check of waiting) check();
    });
  }
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const untilPrinted = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(order);
        if (match === null) return;
        waiting.delete(check);
        resolve(match);
      };
      waiting.add(check);
      check();
      void exited.then((code) =>
        reject(new Error(`ended with ${code} before printing ${pattern}:\n${order}`)),
      );
    });
  return {
    pid: child.pid ?? 0,
    directory: cwd,
    output: () => order,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    exited,
    get isRunning() {
      return child.exitCode === null && child.signalCode === null;
    },
    kill: (signal) => void child.kill(signal),
    untilPrinted,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
      expect(leaksIn(withoutCommands(args, printed), ownKeys(order))).toEqual([]);
      if (directory === undefined) await rm(cwd, { recursive: true, force: true });
    },
  };
}

/** Free ports, and one relay that does not exist: nothing leaves the machine. The rate limit is high, since a test is one client. */
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

/** Runs the program until the test is over, by default in an empty directory and with an empty environment. */
export async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  directory?: string,
  within?: readonly string[],
): Promise<Program> {
  return keep(await runProgram(args, environment, directory, within));
}

/** Starts the program as a server, and waits for its start screen. */
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
