import type { Io } from './io.ts';
import { readStartup } from './read-startup.ts';

/**
 * `--check-config`: reads everything that a start reads, and makes no file.
 *
 * @throws ConfigError if the configuration is not usable
 */
export async function checkConfig(io: Io): Promise<void> {
  const { serverKey, warnings } = await readStartup(io, { createKey: false, use: 'read' });
  io.print('The configuration is usable.\n');
  io.print(
    serverKey === undefined
      ? '  The server key will be made on the first start.\n'
      : `  Public key: ${serverKey.publicKeyHex}\n`,
  );
  for (const warning of warnings) io.print(`  ! ${warning}\n`);
}
