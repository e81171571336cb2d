import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { vi } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { keep } from './keep.ts';

const FOLDER = fileURLToPath(new URL('../../.tools/proxies', import.meta.url));
const PLACES = [
  join(FOLDER, 'usr/sbin'),
  join(FOLDER, 'usr/bin'),
  '/usr/sbin',
  ...(process.env['PATH'] ?? '').split(delimiter),
];
const LIBRARIES = ['x86_64', 'aarch64'].map((machine) => join(FOLDER, `usr/lib/${machine}-linux-gnu`));

/** Whether all these programs are there: `.ci/install-proxies` unpacks them; those of the system do as well. */
export function areInstalled(...names: readonly string[]): boolean {
  return names.every((name) => pathOf(name) !== undefined);
}

function pathOf(name: string): string | undefined {
  return PLACES.map((place) => join(place, name)).find((path) => existsSync(path));
}

/** A program of Debian's in its own process, until the test is over. */
export class DebianProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  #said = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const output of [child.stdout, child.stderr])
      output?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  /** Resolves when it takes connections at this port of 127.0.0.1. */
  static async start(name: string, args: readonly string[], port: number): Promise<DebianProgram> {
    const path = pathOf(name);
    if (path === undefined) throw new Error(`${name} is not installed`);
    const env = { ...process.env, LD_LIBRARY_PATH: LIBRARIES.join(delimiter), HOME: FOLDER };
    const child = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    await once(child, 'spawn');
    const program = keep(new DebianProgram(child));
    const listening = vi.waitFor(() => isListening(port), { timeout: PATIENCE_MS, interval: 20 });
    await Promise.race([listening, program.#ended()]);
    return program;
  }

  /** Everything that it has printed. */
  get said(): string {
    return this.#said;
  }

  /** Ends it at once, with its connections. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }

  /** Stops its process: it keeps its connections, takes new ones, and answers nothing. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Goes on. */
  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #ended(): Promise<never> {
    await once(this.#child, 'close');
    throw new Error(`it ended: ${this.#said}`);
  }
}

async function isListening(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
