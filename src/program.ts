import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

import { parseCommandLine, USAGE } from './cli/command-line.ts';
import type { Identity, Io } from './cli/io.ts';
import { Lifetime } from './cli/lifetime.ts';

// With `main.ts`, the only file that touches `process`. Exit codes as in sysexits.h: 64 usage, 78 configuration.
// It imports little: it takes the signals when it runs, and it runs only after all its imports are loaded.

/** How long the process waits for the last lines of its log to be written, in milliseconds. */
const FLUSH_MS = 500;
/** The exit code of a command whose reader has gone: 128 + SIGPIPE, as in a shell. */
const READER_GONE = 141;

const command = parseCommandLine(process.argv.slice(2));
const lifetime = command === 'serve' || command === 'trace' ? takeSignals() : undefined;

/** Handles signals and faults from now on. A second signal ends the process at once (contract 5). */
function takeSignals(): Lifetime {
  const taken = new Lifetime();
  const stop = (number: number): void => {
    if (!taken.stop()) process.exit(128 + number);
  };
  process.on('SIGINT', () => stop(2));
  process.on('SIGTERM', () => stop(15));
  // The other commands keep the default: SIGHUP ends them, because their terminal has gone.
  if (command === 'serve') process.on('SIGHUP', () => taken.reload());
  // An error that is thrown while a fault is reported comes here too. It is recorded, and the stop goes on.
  process.on('uncaughtException', (fault) => taken.fail(fault));
  return taken;
}

/** The parts of this process that the commands may use. */
async function openIo(): Promise<Io & { flushed(): Promise<unknown> }> {
  const [{ readVersion }, { BoundedOutput }] = await Promise.all([
    import('./cli/version.ts'),
    import('./ops/bounded-output.ts'),
  ]);
  const output = new BoundedOutput(() => withoutBlocking(process.stdout, 1));
  const errorOutput = new BoundedOutput(() => withoutBlocking(process.stderr, 2));
  return {
    version: readVersion(),
    pid: process.pid,
    identity: identity(),
    directory: process.cwd(),
    environment: process.env,
    isTerminal: process.stdout.isTTY,
    output,
    errorOutput,
    // Written without a bound: a command's answer is complete, however slowly it is read.
    print: (text) => void process.stdout.write(text),
    printError: (text) => errorOutput.write(text),
    onWarning: (callback) => void process.removeAllListeners('warning').on('warning', callback),
    abandon: () => {
      process.removeAllListeners('SIGTERM');
      process.kill(process.pid, 'SIGTERM');
    },
    flushed: () => Promise.all([output.flushed(FLUSH_MS), errorOutput.flushed(FLUSH_MS)]),
  };
}

function identity(): Identity | undefined {
  // @types/node lacks `initgroups`.
  const { geteuid, initgroups, setgid, setgroups, setuid } = process as NodeJS.Process & {
    initgroups?: (user: number, group: number) => void;
  };
  if (!geteuid || !initgroups || !setgid || !setgroups || !setuid) return undefined;
  return {
    get user() {
      return geteuid();
    },
    become(user, group) {
      try {
        initgroups(user, group);
      } catch {
        // A user without a name, as in a container.
        setgroups([group]);
      }
      setgid(group);
      setuid(user);
    },
  };
}

/**
 * With one processor, the threads of the garbage collector take that processor from the only thread that wakes phones, for a tenth of a
 * second at a time. Without those threads the collector works in steps of some milliseconds. The benchmark `hostile` measures this.
 */
function collectInSteps(): void {
  if (availableParallelism() === 1) setFlagsFromString('--no-concurrent-marking');
}

/**
 * Makes writes to a terminal non-blocking: a halted terminal (Ctrl-S) would otherwise halt the process. Only if the terminal can be opened
 * again: then this process has a file description of its own, and other programs at the terminal are not affected.
 */
function withoutBlocking<Stream extends NodeJS.WriteStream>(stream: Stream, descriptor: number): Stream {
  if (!stream.isTTY) return stream;
  try {
    accessSync(`/dev/fd/${descriptor}`, constants.W_OK);
    const { _handle: handle } = stream as { _handle?: { setBlocking?(isBlocking: boolean): void } };
    handle?.setBlocking?.(false);
  } catch {
    // Another user's terminal: its writes stay blocking.
  }
  return stream;
}

/** Each command loads only the code that it needs, because a health check runs twice a minute. */
async function run(io: Io): Promise<number> {
  switch (command) {
    case 'serve':
      collectInSteps();
      return (await import('./cli/serve.ts')).serve(io, lifetime ?? new Lifetime());
    case 'check-config':
      return (await import('./cli/check-config.ts')).checkConfig(io);
    case 'keygen':
      io.print((await import('./cli/keygen.ts')).keygen());
      return 0;
    case 'keygen --vapid':
      io.print(await (await import('./cli/keygen.ts')).keygenVapid(io));
      return 0;
    case 'doctor':
      return (await import('./cli/doctor.ts')).doctor(io);
    case 'trace':
      return trace(io, lifetime ?? new Lifetime());
    case 'healthcheck':
      return (await import('./cli/healthcheck.ts')).healthcheck(io);
    case 'store info':
    case 'store verify':
    case 'store reseal':
    case 'store export':
      return (await import('./cli/store-command.ts')).storeCommand(io, command);
    case 'store import':
      return (await import('./cli/store-import.ts')).storeImport(io, process.argv.slice(4));
    case 'store copy':
      return (await import('./cli/store-copy.ts')).storeCopy(io, process.argv.slice(4));
    case 'version':
      io.print(`${await namedVersion(io)}\n`);
      return 0;
    case 'help':
      io.print(USAGE);
      return 0;
    case undefined:
      io.printError(`unknown command or option\n\n${USAGE}`);
      return 64;
  }
}

async function namedVersion({ version }: Io): Promise<string> {
  const commit = (await import('./cli/version.ts')).readCommit();
  return commit === undefined ? version : `${version} (${commit})`;
}

async function trace(io: Io, { ended }: Lifetime): Promise<number> {
  const traced = (await import('./cli/trace.ts')).trace(io, process.argv.slice(3), ended);
  // A fault rejects `ended`, and with it the command. A signal ends the command itself.
  const faulted = ended.then(() => traced);
  return Promise.race([traced, faulted]);
}

async function main(): Promise<void> {
  const io = await openIo();
  // A command ends when its output has no reader. The server goes on without a reader of its log.
  if (command !== 'serve') {
    process.stdout.on('error', (error: NodeJS.ErrnoException) =>
      process.exit(error.code === 'EPIPE' ? READER_GONE : 1),
    );
  }
  try {
    process.exitCode = await run(io);
  } catch (error) {
    const { explainFailure } = await import('./cli/explain-failure.ts');
    const { code, message } = explainFailure(error);
    io.printError(`${message}\n`);
    process.exitCode = code;
  }
  await io.flushed();
  // Checked last, because a fault can come until now, and must not look like a clean stop.
  if (lifetime?.hasFaulted === true && process.exitCode === 0) process.exitCode = 1;
  // Handles that a fault or an unread log left open must not keep a stopped server alive.
  if (command === 'serve') process.exit();
}

main().catch(() => process.exit(1));
