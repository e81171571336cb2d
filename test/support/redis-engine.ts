import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Redis } from 'ioredis';
import { describe, onTestFinished } from 'vitest';

import { type CertificateWishes, selfSignedCertificate } from '../../stand-ins/self-signed-certificate.ts';
import { Secret } from '../../src/core/basics/secret.ts';
import type { EngineAddress } from '../../src/fleet/engine/engine-address.ts';
import { freePort } from './free-port.ts';
import { tempDirectory } from './temp-directory.ts';

export type EngineProgram = 'redis' | 'valkey';

const PROGRAMS: Readonly<Record<EngineProgram, string | undefined>> = {
  redis: find('redis-server', process.env['REDIS_SERVER']),
  valkey: find('valkey-server', process.env['VALKEY_SERVER']),
};

/** A word of a command, as `MONITOR` shows it. */
const MONITORED = /"((?:[^"\\]|\\.)*)"/g;

/** A variable names the program; otherwise `.ci/install-redis` has put it into `.engines`, or it is installed. */
function find(name: string, named: string | undefined): string | undefined {
  return [
    named ?? '',
    fileURLToPath(new URL(`../../.engines/bin/${name}`, import.meta.url)),
    ...(process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, name)),
  ].find((candidate) => existsSync(candidate));
}

/** The engines that are here to test with. */
export const ENGINE_PROGRAMS = (Object.keys(PROGRAMS) as EngineProgram[]).filter(
  (program) => PROGRAMS[program] !== undefined,
);

/** Describes the same for every engine that is here. */
export function describeEngines(name: string, body: (program: EngineProgram) => void): void {
  for (const program of ENGINE_PROGRAMS)
    describe(`${program}: ${name}`, () => {
      body(program);
    });
  if (ENGINE_PROGRAMS.length === 0) describeEngine(name, () => body('redis'));
}

const HINT = ENGINE_PROGRAMS.length === 0 ? ' (needs redis-server: .ci/install-redis)' : '';

/** Describes for one engine what does not depend on which it is. */
export function describeEngine(name: string, body: () => void): void {
  describe.skipIf(ENGINE_PROGRAMS.length === 0)(`${name}${HINT}`, () => {
    body();
  });
}

export interface EngineServerOptions {
  readonly program?: EngineProgram;
  /** By default a free one. */
  readonly port?: number;
  /** The password of the user `default`. */
  readonly password?: string;
  /** Listens with TLS, with a certificate of its own. */
  readonly tls?: true | CertificateWishes;
  /** Writes every change to its file. */
  readonly appendOnly?: true;
  readonly replicaOf?: EngineServer;
  /** Further lines of its configuration, such as `maxmemory-policy allkeys-lru` or `user alice on >secret ~* +@all`. */
  readonly lines?: readonly string[];
}

/** A real Redis or Valkey in its own process, with a directory of its own, on a free port of the loopback interface. It ends with the test. */
export class EngineServer {
  readonly port: number;
  readonly directory: string;
  /** The file of its certificate, if it listens with TLS. */
  readonly certificateFile: string;
  readonly #options: EngineServerOptions;
  #child: ChildProcess | undefined;
  readonly #clients: Redis[] = [];

  private constructor(port: number, directory: string, options: EngineServerOptions) {
    this.port = port;
    this.directory = directory;
    this.certificateFile = join(directory, 'engine.crt');
    this.#options = options;
  }

  /** Resolves when it answers. */
  static async start(options: EngineServerOptions = {}): Promise<EngineServer> {
    const server = new EngineServer(options.port ?? (await freePort()), await tempDirectory(), options);
    onTestFinished(() => server.kill());
    await server.#begin();
    return server;
  }

  /** The same for all tests of a file, which ends it. It has a thousand databases. @param directory an empty one */
  static async startIn(directory: string): Promise<EngineServer> {
    const server = new EngineServer(await freePort(), directory, { lines: ['databases 1000'] });
    await server.#begin();
    return server;
  }

  /** `REDIS_URL`. @param who user and password, as `user:password`; by default the user `default` @param port of a proxy before it */
  url({
    database = 0,
    port = this.port,
    who,
  }: { database?: number; port?: number; who?: string } = {}): string {
    const { password, tls } = this.#options;
    const user = who ?? (password === undefined ? '' : `:${password}`);
    return `${tls ? 'rediss' : 'redis'}://${user === '' ? '' : `${user}@`}127.0.0.1:${port}/${database}`;
  }

  address({
    database = 0,
    port = this.port,
    user = undefined as string | undefined,
    password = this.#options.password,
  } = {}): EngineAddress {
    return {
      host: '127.0.0.1',
      port,
      tls: this.#options.tls !== undefined,
      user,
      password: password === undefined ? undefined : new Secret(password),
      database,
    };
  }

  /** Sends one command on a connection of the test's own. */
  async command(name: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
    return (await this.#admin()).call(name, args);
  }

  /** The same; texts in the answer are bytes. */
  async commandBuffer(name: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
    return (await this.#admin()).callBuffer(name, args);
  }

  /**
   * Every command that the engine gets from now on, as `MONITOR` shows it: bytes that are not printed are `\xhh`. `ioredis` fails where the
   * first command comes together with the engine's consent.
   */
  async monitor(): Promise<readonly (readonly string[])[]> {
    const seen: (readonly string[])[] = [];
    const socket = connect(this.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined).write('MONITOR\r\n');
    const lines = createInterface(socket);
    lines.on('line', (line) => seen.push([...line.matchAll(MONITORED)].map(([, text = '']) => text)));
    await once(lines, 'line');
    return seen;
  }

  /** All that it has, as it writes it to its disk. */
  async dump(): Promise<Buffer> {
    await this.command('SAVE');
    return readFile(join(this.directory, 'dump.rdb'));
  }

  /** The file of every change ({@link EngineServerOptions.appendOnly}). */
  async appended(): Promise<Buffer> {
    const folder = join(this.directory, 'appendonlydir');
    const files = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file))));
    return Buffer.concat(files);
  }

  /** Stands still, with all its connections open. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.disconnect();
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  /** Runs it again after {@link kill}, with what it had on its disk. */
  async run(): Promise<void> {
    const { program = ENGINE_PROGRAMS[0] ?? 'redis' } = this.#options;
    const child = spawn(PROGRAMS[program] ?? '', [join(this.directory, 'engine.conf')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (/Ready to accept connections/.test(said)) resolve();
      });
      child.once('error', reject);
      child.once('close', () => reject(new Error(`the engine did not start: ${said}`)));
    });
  }

  /** Runs it again, with nothing. */
  async runEmpty(): Promise<void> {
    await rm(join(this.directory, 'dump.rdb'), { force: true });
    await rm(join(this.directory, 'appendonlydir'), { recursive: true, force: true });
    await this.run();
  }

  async #admin(): Promise<Redis> {
    const [open] = this.#clients;
    if (open !== undefined) return open;
    const { password, tls } = this.#options;
    const client = new Redis({
      host: '127.0.0.1',
      port: this.port,
      password,
      tls: tls ? { rejectUnauthorized: false } : undefined,
      lazyConnect: true,
      protocol: 2,
    });
    client.on('error', () => undefined);
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  async #begin(): Promise<void> {
    await this.#configure();
    await this.run();
  }

  async #configure(): Promise<void> {
    const { appendOnly, lines = [], password, replicaOf, tls } = this.#options;
    await mkdir(this.directory, { recursive: true });
    const configuration = [
      'bind 127.0.0.1',
      `dir ${this.directory}`,
      `${tls ? 'tls-port' : 'port'} ${this.port}`,
      'save ""',
      `appendonly ${appendOnly ? 'yes' : 'no'}`,
      ...(password === undefined ? [] : [`requirepass ${password}`]),
      ...(replicaOf === undefined ? [] : [`replicaof 127.0.0.1 ${replicaOf.port}`]),
      ...(tls === undefined ? [] : await this.#certify(tls === true ? {} : tls)),
      ...lines,
    ];
    await writeFile(join(this.directory, 'engine.conf'), `${configuration.join('\n')}\n`);
  }

  async #certify(wishes: CertificateWishes): Promise<string[]> {
    const { cert, key } = await selfSignedCertificate(wishes);
    const keyFile = join(this.directory, 'engine.key');
    await writeFile(this.certificateFile, cert);
    await writeFile(keyFile, key);
    return [
      'port 0',
      `tls-cert-file ${this.certificateFile}`,
      `tls-key-file ${keyFile}`,
      'tls-auth-clients no',
    ];
  }
}
