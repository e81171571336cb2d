import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

// Seen from where this file is compiled to: .demo/demo/.
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const TAIL_LINES = 12;

interface Addresses {
  api: string;
  admin: string;
}

interface ProgramOptions {
  /** Its working directory: it writes its key and its data there. */
  directory: string;
  /** Its whole environment. */
  environment: Readonly<Record<string, string>>;
}

/** The real program, compiled, in its own process. */
export class Program implements AsyncDisposable {
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcessWithoutNullStreams;
  #printed = '';
  #stopping = false;

  constructor({ directory, environment }: ProgramOptions) {
    this.#child = spawn(process.execPath, [MAIN], { cwd: directory, env: { ...environment }, stdio: 'pipe' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#printed += text));
    }
    this.ended = once(this.#child, 'close').then(
      ([code, signal]) => (code ?? signal) as number | NodeJS.Signals,
    );
    // `onUnexpectedEnd` and the disposal handle the rejection. Until then it must not count as unhandled.
    this.ended.catch(() => undefined);
  }

  /** Resolves with the two addresses that its start screen names. */
  async addresses(): Promise<Addresses> {
    for (;;) {
      const api = /^\s*HTTP API\s+(http:\S+)/mu.exec(this.#printed)?.[1];
      const admin = /^\s*admin\s+(http:\S+)/mu.exec(this.#printed)?.[1];
      if (api !== undefined && admin !== undefined) return { api, admin };
      await once(this.#child.stderr, 'data');
    }
  }

  /** Calls back if it ends without having been asked to. */
  onUnexpectedEnd(tell: (error: Error) => void): void {
    const report = (how: string): void => {
      if (!this.#stopping)
        tell(new Error(`The server ended by itself (${how}). Its last words:\n\n${this.tail()}\n`));
    };
    this.ended.then(
      (how) => report(String(how)),
      (error: unknown) => report(String(error)),
    );
  }

  /** Asks it to drain and end (SIGTERM). */
  async stop(): Promise<number | NodeJS.Signals> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    return this.ended;
  }

  /** The last lines that it printed. */
  tail(): string {
    return this.#printed.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
    await this.ended.catch(() => undefined);
  }
}
