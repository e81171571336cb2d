#!/usr/bin/env node
import { readFileSync } from 'node:fs';

import { parseCommandLine, USAGE } from './cli/command-line.ts';
import { ConfigError } from './config/config.ts';
import { StoreOpenError } from './store/store-open-error.ts';
import { describeError } from './core/describe-error.ts';

// The one file that touches `process`. Exit codes as in sysexits.h: 64 usage, 78 configuration.

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/**
 * Resolves with the first signal, and rejects with a fault that nobody caught: either way the program drains. A second
 * signal ends it at once (contract 5).
 */
function untilStopped(): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    const onSignal = (number: number): void => {
      if (stopping) process.exit(128 + number);
      stopping = true;
      resolve();
    };
    process.on('SIGINT', () => onSignal(2));
    process.on('SIGTERM', () => onSignal(15));
    process.on('uncaughtException', (fault) => {
      io.printError(`mostro-push failed: ${describeError(fault)}\n`);
      reject(fault);
    });
  });
}

const io = {
  version,
  directory: process.cwd(),
  environment: process.env,
  isTerminal: process.stdout.isTTY,
  onReopen: (callback: () => void) => void process.on('SIGHUP', callback),
  print: (text: string) => void process.stdout.write(text),
  printError: (text: string) => void process.stderr.write(text),
};

/** Each command loads what it needs and nothing else: a health check is asked for twice a minute. */
async function run(): Promise<number> {
  const command = parseCommandLine(process.argv.slice(2));
  switch (command) {
    case 'serve':
      return serve();
    case 'check-config':
      await (await import('./cli/check-config.ts')).checkConfig(io);
      return 0;
    case 'keygen':
      io.print((await import('./cli/keygen.ts')).keygen());
      return 0;
    case 'doctor':
      return (await import('./cli/doctor.ts')).doctor(io);
    case 'trace':
      return trace(process.argv.slice(3));
    case 'healthcheck':
      return (await import('./cli/healthcheck.ts')).healthcheck(io);
    case 'store info':
    case 'store verify':
    case 'store reseal':
    case 'store export':
      return (await import('./cli/store-command.ts')).storeCommand(io, command);
    case 'version':
      io.print(`${version}\n`);
      return 0;
    case 'help':
      io.print(USAGE);
      return 0;
    case undefined:
      io.printError(USAGE);
      return 64;
  }
}

async function serve(): Promise<number> {
  // Before anything is loaded: a signal meanwhile is an orderly stop too.
  const stopped = untilStopped();
  return (await import('./cli/serve.ts')).serve(io, stopped);
}

async function trace(args: readonly string[]): Promise<number> {
  const stopped = untilStopped();
  return (await import('./cli/trace.ts')).trace(io, args, stopped);
}

try {
  process.exitCode = await run();
} catch (error) {
  const isConfig = error instanceof ConfigError || (error instanceof StoreOpenError && error.isConfiguration);
  const isExplained = isConfig || error instanceof StoreOpenError;
  io.printError(isExplained ? `${error.message}\n` : `mostro-push failed: ${describeError(error)}\n`);
  process.exitCode = isConfig ? 78 : 1;
}
