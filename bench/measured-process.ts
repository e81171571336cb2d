import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import { onMeasuredCore } from './cores.ts';

/** How long a process may take to end by itself, in milliseconds. */
const PATIENCE_MS = 5000;

const PROBE = new URL('probe.js', import.meta.url);

/** The readings of a process. */
export interface Reading {
  /** Processor time of the process since its start, user and system. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly bufferBytes: number;
  /** The longest pause of the event loop by its own work since the last reading. */
  readonly longestPauseMs: number;
}

/** How long something took, and how much processor time the process used. */
export interface Span {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly longestPauseMs: number;
}

export interface MeasuredProcessOptions {
  /** The compiled script. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
  readonly nodeOptions?: readonly string[];
}

/** A Node process on the measured core. It can be asked for its readings. */
export class MeasuredProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #printed = '';
  #onPrinted: (() => void) | undefined;

  constructor({ script, args = [], environment = {}, directory, nodeOptions = [] }: MeasuredProcessOptions) {
    const [command, commandLine] = onMeasuredCore(process.execPath, [
      '--import',
      fileURLToPath(PROBE),
      ...nodeOptions,
      script,
      ...args,
    ]);
    this.#child = spawn(command, commandLine, {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      ...(directory !== undefined && { cwd: directory }),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
      this.#onPrinted?.();
    });
    // Thousands of questions are asked, and two may wait at the same time.
    this.#child.setMaxListeners(0);
  }

  /** Resolves with the next answer of this name. */
  async answer<Value>(name: string): Promise<Value> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error(`a measured process ended:\n${this.#printed}`));
      const onMessage = (message: object): void => {
        if (!(name in message)) return;
        this.#child.off('message', onMessage).off('exit', onExit);
        resolve((message as Record<string, Value>)[name] as Value);
      };
      this.#child.on('message', onMessage).on('exit', onExit);
    });
  }

  tell(message: object | string): void {
    this.#child.send(message);
  }

  /** Collects garbage, so that only memory in use is left. */
  collect(): void {
    this.tell('collect');
  }

  async reading(): Promise<Reading> {
    const answer = this.answer<Reading>('reading');
    this.tell('reading');
    return answer;
  }

  /** Measures an activity. */
  async during(activity: () => Promise<unknown>): Promise<Span> {
    const before = await this.reading();
    const begun = performance.now();
    await activity();
    const wallMs = performance.now() - begun;
    const { cpuMs, longestPauseMs } = await this.reading();
    return { wallMs, cpuMs: cpuMs - before.cpuMs, longestPauseMs };
  }

  /** Resolves when it has printed this on standard error. */
  async untilPrinted(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      this.#onPrinted = () => {
        const match = pattern.exec(this.#printed);
        if (match !== null) resolve(match);
      };
      this.#onPrinted();
      void this.#exited.then(() => reject(new Error(`ended before printing ${pattern}:\n${this.#printed}`)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The process is asked to end first, because it writes its profile at an orderly end.
    this.#child.kill('SIGTERM');
    this.#child.disconnect();
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    await this.#exited;
    clearTimeout(impatience);
  }
}
