import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { WebSocket } from 'ws';

import { Arrivals } from '../../stand-ins/arrivals.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';

/** Debian's Firefox; `.ci/install-firefox` gets it. */
const EXECUTABLE = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';

/** Whether there is a Firefox to test with. */
export const hasFirefox = existsSync(EXECUTABLE);

/** Nothing listens on port 9. Firefox asks no proxy for loopback addresses. */
const NOWHERE = '127.0.0.1';

const PREFERENCES = {
  // Firefox would turn push off when it is driven by a program.
  'remote.prefs.recommended': false,
  // Whoever asks for the permission to notify gets it.
  'permissions.default.desktop-notification': 1,
  'dom.push.testing.allowInsecureServerURL': true,
  // A push is taken for silent at once if it shows nothing, and not three seconds later.
  'dom.push.quotaUpdateDelay': 0,
  // Notifications are windows of Firefox: a test has no desktop that shows them.
  'alerts.useSystemBackend': false,
  // Nothing leaves the machine, not even the question for an address.
  'network.proxy.type': 1,
  'network.proxy.http': NOWHERE,
  'network.proxy.http_port': 9,
  'network.proxy.ssl': NOWHERE,
  'network.proxy.ssl_port': 9,
  'network.dns.disabled': true,
  'network.connectivity-service.enabled': false,
  'network.captive-portal-service.enabled': false,
  'app.normandy.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
};

interface Answer {
  readonly id: number | null;
  readonly type: 'success' | 'error' | 'event';
  readonly message?: string;
  readonly result?: unknown;
}

interface Evaluated {
  readonly type: 'success' | 'exception';
  readonly result?: { readonly value?: string };
  readonly exceptionDetails?: { readonly text: string };
}

interface OpenTabs {
  readonly contexts: readonly { readonly context: string }[];
}

/** A headless Firefox with an empty profile, driven by WebDriver BiDi. It has one tab. */
export class Firefox implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** Firefox and its own processes have ended: they share the stream that is then closed. */
  readonly #closed: Promise<unknown>;
  readonly #profile: string;
  readonly #answers = new Arrivals<Answer>();
  readonly #kill = (): void => void this.#child.kill('SIGKILL');
  #socket: WebSocket | undefined;
  #tab = '';
  #lastId = 0;

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child;
    this.#closed = once(child, 'close');
    this.#profile = profile;
    // A run of tests may be ended from outside.
    process.once('exit', this.#kill);
  }

  /** @param pushService the URL of its push service, in place of Mozilla's */
  static async start(pushService: string): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), 'mostro-push-firefox-'));
    const preferences = Object.entries({ ...PREFERENCES, 'dom.push.serverURL': pushService });
    const lines = preferences.map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
    await writeFile(join(profile, 'user.js'), lines.join(''));
    const child = spawn(
      EXECUTABLE,
      ['--headless', '--no-remote', '--remote-debugging-port', '0', '--profile', profile, 'about:blank'],
      {
        env: { PATH: process.env['PATH'], HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const firefox = new Firefox(child, profile);
    try {
      await firefox.#connect();
    } catch (error) {
      await firefox[Symbol.asyncDispose]();
      throw error;
    }
    return firefox;
  }

  async open(url: string): Promise<void> {
    await this.#command('browsingContext.navigate', { context: this.#tab, url, wait: 'complete' });
  }

  /** What an expression of JavaScript resolves with in the page, as JSON has it. */
  async evaluate(expression: string): Promise<unknown> {
    const { type, result, exceptionDetails } = (await this.#command('script.evaluate', {
      expression: `(async () => JSON.stringify((await (${expression})) ?? null))()`,
      target: { context: this.#tab },
      awaitPromise: true,
    })) as Evaluated;
    if (type === 'exception') throw new Error(`${expression}: ${exceptionDetails?.text}`);
    return JSON.parse(result?.value ?? 'null') as unknown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.terminate();
    process.off('exit', this.#kill);
    this.#kill();
    await this.#closed;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #connect(): Promise<void> {
    const socket = new WebSocket(`${await addressOf(this.#child)}/session`);
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#answers.push(JSON.parse(data.toString()) as Answer));
    await once(socket, 'open');
    await this.#command('session.new', { capabilities: {} });
    const { contexts } = (await this.#command('browsingContext.getTree', {})) as OpenTabs;
    this.#tab = contexts[0]?.context ?? '';
  }

  async #command(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId;
    const answered = this.#answers.next((answer) => answer.id === id);
    this.#socket?.send(JSON.stringify({ id, method, params }));
    const { type, message, result } = await answered;
    if (type === 'error') throw new Error(`${method}: ${message}`);
    return result;
  }
}

/** Where Firefox takes commands; it says so when it has started. */
async function addressOf(firefox: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error(`Firefox did not start: ${said}`));
    const tooLate = setTimeout(fail, PATIENCE_MS);
    firefox.once('close', fail);
    firefox.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(said) ?? [];
      if (address === undefined) return;
      clearTimeout(tooLate);
      resolve(address);
    });
  });
}
