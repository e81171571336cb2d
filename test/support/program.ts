import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { leaksIn } from './leak-watch.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Program extends AsyncDisposable {
  /** Its working directory: empty but for what the test put there. */
  readonly directory: string;
  readonly pid: number;
  /** Everything it has printed so far, on either stream. */
  readonly output: () => string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has printed this, on either stream; rejects if it ends before. */
  untilPrinted(pattern: RegExp): Promise<RegExpExecArray>;
}

/** The start screen, `doctor` and `keygen` show the server's own public key, and `keygen` a private one: that is what they are for. */
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
  // What prints keys and tokens because it is asked to.
  return args[0] === 'keygen' || args.join(' ') === 'store export' ? stderr : `${stdout}\n${stderr}`;
}

/** Runs the compiled program in an empty directory, with no environment but the given one, or within another command. */
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
