import { checkLogFile } from './doctor/check-machine.ts';
import type { Finding } from './doctor/finding.ts';
import { whoListens } from './doctor/identity.ts';
import { tryStart } from './doctor/try-start.ts';
import type { Io } from './io.ts';
import { readStartup } from './read-startup.ts';

/**
 * `--check-config`: reads everything that a start reads, tries what it does with that, and makes no file.
 *
 * @returns the exit code with which the start would end, or 0
 * @throws ConfigError if the configuration is not usable
 */
export async function checkConfig(io: Io): Promise<number> {
  const startup = await readStartup(io, { createKey: false, use: 'read' });
  const { config, serverKey, warnings } = startup;
  const running = await whoListens(config, serverKey?.publicKeyHex, io.version);
  const trials = await tryStart(startup, running, io.version);
  const failures = trials.filter(({ exitCode }) => exitCode !== undefined);
  const [first] = failures;
  if (first?.exitCode !== undefined) {
    io.printError(
      ['The configuration can be read, but the next start would fail:', ...failures.map(line), ''].join('\n'),
    );
    return first.exitCode;
  }
  io.print('The configuration is usable.\n');
  io.print(
    serverKey === undefined
      ? '  The server key will be made on the first start.\n'
      : `  Public key: ${serverKey.publicKeyHex}\n`,
  );
  const logFile = await checkLogFile(config.log.file);
  // None of these ends a start: it goes on without the admin listener, or without the file, and waits for an engine that is not there.
  const others = [...trials.filter(({ title }) => title !== 'store'), logFile]
    .filter(({ verdict }) => verdict === 'warning' || verdict === 'failure')
    .map(({ says, title }) => `${title}: ${says}`);
  for (const warning of [...warnings, ...others]) io.print(`  ! ${warning}\n`);
  return 0;
}

function line({ remedy, says, title }: Finding): string {
  return `  - ${title}: ${says}${remedy === undefined ? '' : ` ${remedy[0]?.toUpperCase()}${remedy.slice(1)}.`}`;
}
