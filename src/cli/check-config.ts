import { ConfigError } from '../config/config.ts';
import { loadEnvironment } from './environment.ts';
import type { Io } from './io.ts';
import { loadStartup } from './load-startup.ts';

/** `--check-config`: reads all that a start reads, and makes nothing. @returns the exit code */
export async function checkConfig(io: Io): Promise<number> {
  try {
    const { variables, warnings: slips } = await loadEnvironment(io.directory, io.environment);
    const { serverKey, warnings } = await loadStartup(variables, { createKey: false });
    io.print('The configuration is usable.\n');
    io.print(
      serverKey === undefined
        ? '  The server key will be made on the first start.\n'
        : `  Public key: ${serverKey.publicKeyHex}\n`,
    );
    for (const warning of [...warnings, ...slips]) io.print(`  ! ${warning}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.printError(`${error.message}\n`);
    return 78;
  }
}
