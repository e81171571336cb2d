#!/usr/bin/env node
import { readFileSync } from 'node:fs';

import { checkConfig } from './cli/check-config.ts';
import { parseCommandLine, USAGE } from './cli/command-line.ts';
import { keygen } from './cli/keygen.ts';
import { serve } from './cli/serve.ts';

// The one file that touches `process`. Exit codes as in sysexits.h: 64 usage, 78 configuration.

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Resolves with the first signal's number; a second signal ends the program at once (contract 5). */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const [name, number] of [
      ['SIGINT', 2],
      ['SIGTERM', 15],
    ] as const) {
      process.on(name, () => {
        if (stopping) process.exit(128 + number);
        stopping = true;
        resolve();
      });
    }
  });
}

const io = {
  version,
  directory: process.cwd(),
  environment: process.env,
  isTerminal: process.stdout.isTTY,
  print: (text: string) => void process.stdout.write(text),
  printError: (text: string) => void process.stderr.write(text),
};

async function run(): Promise<number> {
  const command = parseCommandLine(process.argv.slice(2));
  switch (command) {
    case 'serve':
      return serve(io, untilSignal());
    case 'check-config':
      return checkConfig(io);
    case 'keygen':
      io.print(keygen());
      return 0;
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

process.exitCode = await run();
