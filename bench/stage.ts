import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { generatePrivateKey } from '../src/crypto/server-key.ts';
import { devices, type Device } from './devices.ts';
import { FloodRelay } from './flood-relay.ts';
import { MeasuredProcess } from './measured-process.ts';
import { Program } from './program.ts';
import { PushService } from './push-service.ts';

/** How much is measured: `short` is enough to see a change, `full` is for published figures. */
export interface Extent {
  readonly name: 'short' | 'full';
  readonly rounds: number;
  /** Registrations of the program that has many. */
  readonly many: number;
  /** How many seconds a steady load lasts. */
  readonly seconds: number;
  /** Events, wakes or requests of one round. */
  readonly batch: number;
  /** Devices that are woken into full queues. */
  readonly overload: number;
}

/** How many relays load one core. A single one is read at 128 MiB/s at most. */
export const RELAYS = 12;
/** Registrations of the program that has few. */
export const FEW = 1000;

/** What every scenario uses: a relay, a push service, and the program with few registrations and with many. */
export class Stage implements AsyncDisposable {
  readonly extent: Extent;
  readonly relay: FloodRelay;
  readonly pushService: PushService;
  readonly directory: string;
  /** Variables for every program here. */
  readonly privateKey = generatePrivateKey();

  readonly #nodeOptions: readonly string[];

  private constructor(
    extent: Extent,
    relay: FloodRelay,
    pushService: PushService,
    directory: string,
    nodeOptions: readonly string[],
  ) {
    this.extent = extent;
    this.#nodeOptions = nodeOptions;
    this.relay = relay;
    this.pushService = pushService;
    this.directory = directory;
  }

  static async set(extent: Extent, nodeOptions: readonly string[]): Promise<Stage> {
    const directory = await mkdtemp(join(tmpdir(), 'mostro-push-bench-'));
    return new Stage(
      extent,
      await FloodRelay.start(),
      await PushService.start(directory),
      directory,
      nodeOptions,
    );
  }

  /** Starts the program, and waits until it has subscribed at this many relays under this name. */
  async program(name: string, { relays = 1, environment = {} }: ProgramOptions = {}): Promise<Program> {
    const program = await Program.start(
      {
        NOSTR_RELAYS: this.relay.urls(name, relays).join(','),
        SERVER_PRIVATE_KEY: this.privateKey,
        ...this.pushService.environment,
        ...environment,
      },
      this.#nodeOptions,
    );
    if (environment['NOSTR_RELAYS'] === undefined) await this.relay.subscribed(name, relays);
    return program;
  }

  /** Starts one of the limits: a minimal program that does the least possible work. */
  async limit(name: string, ...args: readonly string[]): Promise<MeasuredProcess> {
    const script = fileURLToPath(new URL(`limits/${name}.js`, import.meta.url));
    const process = new MeasuredProcess({ script, args, environment: this.pushService.environment });
    await process.untilPrinted(/ready/);
    return process;
  }

  /** Registers so many fresh devices. */
  async registered(program: Program, count: number): Promise<Device[]> {
    const fresh = devices(count);
    await program.register(count, (n) => fresh[n] as Device);
    return fresh;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay[Symbol.asyncDispose]();
    await this.pushService[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

interface ProgramOptions {
  readonly relays?: number;
  readonly environment?: Readonly<Record<string, string>>;
}
