import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { areInstalled, DebianProgram } from './debian-program.ts';
import { freePort } from './free-port.ts';
import { tempDirectory } from './temp-directory.ts';

export const HAS_OUTGOING_PROXIES = areInstalled('tinyproxy', 'microsocks');

interface TinyproxyOptions {
  readonly port?: number;
  /** Asks for this user and password. */
  readonly credentials?: string;
  /** The only port that may be connected to. */
  readonly onlyPort?: number;
}

/** tinyproxy, an HTTP proxy, in its own process. */
export async function startTinyproxy({
  credentials,
  onlyPort,
  port: wanted,
}: TinyproxyOptions = {}): Promise<{ readonly port: number; readonly program: DebianProgram }> {
  const [directory, port] = [await tempDirectory(), wanted ?? (await freePort())];
  const file = join(directory, 'tinyproxy.conf');
  const lines = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Allow 127.0.0.1',
    'LogLevel Connect',
    ...(credentials === undefined ? [] : [`BasicAuth ${credentials.replace(':', ' ')}`]),
    ...(onlyPort === undefined ? [] : [`ConnectPort ${onlyPort}`]),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return { port, program: await DebianProgram.start('tinyproxy', ['-d', '-c', file], port) };
}

/** microsocks, a SOCKS5 proxy with a user and a password, in its own process. */
export async function startMicrosocks(user: string, password: string): Promise<number> {
  const port = await freePort();
  const args = ['-i', '127.0.0.1', '-p', String(port), '-u', user, '-P', password];
  await DebianProgram.start('microsocks', args, port);
  return port;
}
