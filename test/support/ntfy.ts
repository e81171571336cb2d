import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { freePort } from './free-port.ts';

const FOLDER = fileURLToPath(new URL('../../.push-servers/ntfy', import.meta.url));
const PROGRAM = `${FOLDER}/bin/ntfy`;

interface NtfyMessage {
  readonly event: string;
  readonly message: string;
  /** `base64` where the message is no UTF-8. */
  readonly encoding?: string;
}

/** Whether `.ci/install-ntfy` has been run, and could. */
export function isNtfyInstalled(): boolean {
  return existsSync(PROGRAM);
}

/** A push server that nobody here wrote: ntfy, as a program of its own. It keeps its messages in memory. */
export class Ntfy implements AsyncDisposable {
  readonly baseUrl: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, baseUrl: string) {
    this.#child = child;
    this.baseUrl = baseUrl;
  }

  /** @param options as its command line has them. Resolves when it listens. */
  static async start(...options: string[]): Promise<Ntfy> {
    const address = `127.0.0.1:${await freePort()}`;
    const baseUrl = `http://${address}`;
    const child = spawn(PROGRAM, ['serve', '--listen-http', address, '--base-url', baseUrl, ...options], {
      env: { LD_LIBRARY_PATH: `${FOLDER}/lib` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(child, 'spawn');
    const ntfy = new Ntfy(child, baseUrl);
    await ntfy.#listening();
    return ntfy;
  }

  /** What the app hands to the server: a topic as ntfy's own app makes them, 14 characters in all. */
  endpoint(name: string): string {
    return `${this.baseUrl}/up${name.padEnd(12, 'x')}?up=1`;
  }

  /** What ntfy holds for an endpoint. It counts as a subscriber who was there. */
  async messages(endpoint: string): Promise<Buffer[]> {
    const { pathname } = new URL(endpoint);
    const lines = (await (await fetch(`${this.baseUrl}${pathname}/json?poll=1`)).text()).split('\n');
    return lines
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as NtfyMessage)
      .map(({ message, encoding }) => Buffer.from(message, encoding === 'base64' ? 'base64' : 'utf8'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }

  async #listening(): Promise<void> {
    let said = '';
    // Read to its end: a program that cannot write its log would end.
    await new Promise<void>((resolve, reject) => {
      this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Listening on')) resolve();
      });
      this.#child.once('close', () => reject(new Error(`ntfy did not start: ${said}`)));
    });
  }
}
