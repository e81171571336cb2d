import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { access, constants, open, rm, stat } from 'node:fs/promises';
import { createServer, isIP } from 'node:net';
import { dirname, join } from 'node:path';

import type { Config } from '../../config/config.ts';
import type { ClockSkew } from '../../core/watch/clock-skew.ts';
import { DiskSpace } from '../../ops/disk-space.ts';
import { askLocal } from '../admin-client.ts';
import { alarmed, failure, ok, skipped, warning, type Finding } from './finding.ts';

const GIB = 2 ** 30;

/** Whether the data directory is writable for this user and has room. */
export async function checkDataDirectory(directory: string): Promise<Finding> {
  const title = 'data directory';
  const remedy = `make it writable for the user that the server runs as, or set DATA_DIR to one that is`;
  const there = await stat(directory).catch(() => undefined);
  if (there === undefined) {
    const parent = dirname(join(directory, '.'));
    const canMake = await access(parent, constants.W_OK).then(
      () => true,
      () => false,
    );
    return canMake
      ? ok(title, `${directory} will be made on the first start.`)
      : failure(title, `${directory} is not there and cannot be made.`, remedy);
  }
  const draft = join(directory, `.doctor-${randomUUID()}`);
  try {
    const file = await open(draft, 'wx', 0o600);
    await file.writeFile('x'.repeat(4096));
    await file.sync();
    await file.close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOSPC'
      ? alarmed('disk full', `Nothing can be written to ${directory} any more.`)
      : failure(title, `${directory} cannot be written to (${code}).`, remedy);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
  const disk = new DiskSpace(directory);
  await disk.look();
  return disk.isFull
    ? alarmed('disk full', `There is hardly any room left for ${directory}.`)
    : ok(title, `${directory} is writable, with ${Math.floor((disk.freeBytes ?? 0) / GIB)} GiB free.`);
}

/** Whether lines can be added to the log file. */
export async function checkLogFile(path: string | undefined): Promise<Finding> {
  if (path === undefined) return skipped('log file', 'None is configured: the log is on standard output.');
  try {
    const file = await open(path, 'a', 0o640);
    await file.close();
    return ok('log file', `${path} is writable.`);
  } catch (error) {
    return alarmed(
      'log file unwritable',
      `${path} cannot be opened (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}

/** Whether the listener's port is free or is used by the running server. */
export async function checkPort(
  name: 'public' | 'admin',
  listener: { readonly host: string; readonly port: number },
  version: string,
): Promise<Finding> {
  const title = `${name} port`;
  const variable = name === 'public' ? 'SERVER' : 'ADMIN';
  const code = await tryToListen(listener);
  if (code === undefined) return ok(title, `${listener.host}:${listener.port} is free.`);
  const path = name === 'public' ? '/api/health' : '/health/live';
  if (code === 'EADDRINUSE' && (await askLocal(listener, path, { version }))?.status === 200)
    return ok(title, `The server is running on ${listener.host}:${listener.port}.`);
  return code === 'EADDRINUSE'
    ? failure(
        title,
        `Port ${listener.port} is taken by another program.`,
        `set ${variable}_PORT to a free one`,
      )
    : failure(
        title,
        `${listener.host}:${listener.port} cannot be listened on (${code}).`,
        `check ${variable}_HOST and ${variable}_PORT`,
      );
}

function tryToListen({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => resolve(code));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

/** Whether the names of the relays and of Google resolve. */
export async function checkDns(config: Config, tokenUri: string | undefined): Promise<Finding> {
  const urls = [...config.relays.urls, ...(config.fcm.enabled ? [config.fcm.baseUrl, tokenUri] : [])];
  const hosts = new Set(
    urls.filter((url) => url !== undefined).map((url) => new URL(url).hostname.replace(/^\[|\]$/g, '')),
  );
  const names = [...hosts].filter((host) => isIP(host) === 0);
  if (names.length === 0) return skipped('DNS', 'Nothing that is configured needs a name to be looked up.');
  const failed = await Promise.all(
    names.map((name) =>
      lookup(name).then(
        () => undefined,
        () => name,
      ),
    ),
  );
  const unknown = failed.filter((name) => name !== undefined);
  return unknown.length === 0
    ? ok('DNS', `Every name resolves (${names.join(', ')}).`)
    : failure(
        'DNS',
        `These names do not resolve: ${unknown.join(', ')}.`,
        'see /etc/resolv.conf, and the spelling of the names',
      );
}

/** Compares this machine's clock with the `Date` headers of the other checks' answers. */
export function checkClock(skew: ClockSkew): Finding {
  const { seconds } = skew;
  if (seconds === undefined) return skipped('clock', 'No answer of Google or of a relay told the time.');
  const off = Math.abs(Math.round(seconds));
  if (skew.isOff)
    return alarmed('clock off', `This machine's clock is ${off} s ${seconds > 0 ? 'ahead' : 'behind'}.`);
  return ok('clock', off < 2 ? 'It is right.' : `It is ${off} s off, which does no harm.`);
}

/** Whether registrations are kept over a restart. Losing them is no fault, but the operator must know (contract 6). */
export function checkStore({ kind }: Config['store']): Finding {
  if (kind === 'file')
    return ok('store', 'Registrations are kept on disk, in DATA_DIR: a restart forgets none.');
  if (kind === 'redis')
    return ok('store', 'Registrations are kept in Redis or Valkey: a restart forgets none.');
  return warning(
    'store',
    'Registrations are in memory: a restart forgets those of FCM, and today’s app registers a trade once and never again.',
    'set STORE=file, or plan restarts for hours without trades',
  );
}
