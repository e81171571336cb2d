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

/** Whether `.ci/install-ntfy` has installed ntfy. */
export function isNtfyInstalled(): boolean {
  return existsSync(PROGRAM);
}

/** An independent push server: ntfy, in its own process. It keeps its messages in memory. */
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

  /** The endpoint that an app registers. Its topic has 14 characters, as those of ntfy's own app. */
  endpoint(name: string): string {
    return `${this.baseUrl}/up${name.padEnd(12, 'x')}?up=1`;
  }

  /** The messages that ntfy has for an endpoint. Reading them counts as a subscriber. */
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
    // Its output is read, because ntfy would end if it could not write its log.
    await new Promise<void>((resolve, reject) => {
      this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Listening on')) resolve();
      });
      this.#child.once('close', () => reject(new Error(`ntfy did not start: ${said}`)));
    });
  }
}
