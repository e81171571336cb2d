import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ApiLoad } from './api-load.ts';
import type { Device } from './devices.ts';
import { MeasuredProcess, type Reading, type Span } from './measured-process.ts';

/** The compiled program (`npm run build`). */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** Limits so high that the benchmark does not reach them. */
const UNLIMITED = { RATE_LIMIT_PER_MINUTE: '1000000' };

/** The real program, on loopback. */
export class Program implements AsyncDisposable {
  readonly #process: MeasuredProcess;
  readonly #directory: string;
  readonly api: ApiLoad;
  readonly url: string;
  readonly #admin: string;

  private constructor(process: MeasuredProcess, directory: string, api: string, admin: string) {
    this.#process = process;
    this.#directory = directory;
    this.url = api;
    this.api = new ApiLoad(api);
    this.#admin = admin;
  }

  static async start(
    environment: Readonly<Record<string, string>>,
    nodeOptions: readonly string[],
  ): Promise<Program> {
    const directory = await mkdtemp(join(tmpdir(), 'mostro-push-bench-'));
    const process = new MeasuredProcess({
      script: MAIN,
      directory,
      nodeOptions,
      environment: {
        SERVER_HOST: '127.0.0.1',
        SERVER_PORT: '0',
        ADMIN_PORT: '0',
        ...UNLIMITED,
        ...environment,
      },
    });
    const [, api = ''] = await process.untilPrinted(/HTTP API +(http:\S+)/);
    const [, admin = ''] = await process.untilPrinted(/admin +(http:\S+)/);
    return new Program(process, directory, api, admin);
  }

  collect(): void {
    this.#process.collect();
  }

  reading(): Promise<Reading> {
    return this.#process.reading();
  }

  during(activity: () => Promise<unknown>): Promise<Span> {
    return this.#process.during(activity);
  }

  untilPrinted(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#process.untilPrinted(pattern);
  }

  /** Registers so many devices, with plain tokens. */
  register(count: number, nth: (n: number) => Device): Promise<void> {
    return this.api.post('/api/register', count, (n) => registration(nth(n)));
  }

  /** The sum of all series of a metric. */
  async metric(name: string): Promise<number> {
    const page = await (await fetch(`${this.#admin}/metrics`)).text();
    const values = page.matchAll(new RegExp(`^mostro_push_${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
    return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]();
    await this.#process[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

export function registration({ keys, token, tradePubkey }: Device): string {
  const subscription = { endpoint: token, keys };
  const device = keys === undefined ? { token, platform: 'android' } : { subscription };
  return JSON.stringify({ trade_pubkey: tradePubkey, ...device });
}
