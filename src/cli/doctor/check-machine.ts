import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { constants, open, rm, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

import type { Config } from '../../config/config.ts';
import type { ClockSkew } from '../../core/watch/clock-skew.ts';
import { isOnion, type WayOut } from '../../net/way-out.ts';
import { DiskSpace } from '../../ops/disk-space.ts';
import { isThere } from '../../lib/is-there.ts';
import { whyNotMade } from './can-make.ts';
import { alarmed, failure, ok, skipped, type Finding } from './finding.ts';

const GIB = 2 ** 30;

/** Whether the data directory is writable for this user and has room. */
export async function checkDataDirectory(directory: string): Promise<Finding> {
  const title = 'data directory';
  const remedy = `make it writable for the user that the server runs as, or set DATA_DIR to one that is`;
  const there = await stat(directory).catch(() => undefined);
  if (there === undefined) {
    const code = await whyNotMade(join(directory, 'store.lock'));
    return code === undefined
      ? ok(title, `${directory} will be made on the first start.`)
      : failure(title, `${directory} is not there and cannot be made (${code}).`, remedy);
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

/** Whether lines can be added to the log file. Nothing is made. */
export async function checkLogFile(path: string | undefined): Promise<Finding> {
  if (path === undefined) return skipped('log file', 'None is configured: the log is on standard output.');
  const code = (await isThere(path)) ? await whyNotOpened(path) : await whyNotMade(path);
  return code === undefined
    ? ok('log file', `${path} is writable.`)
    : alarmed('log file unwritable', `${path} cannot be opened (${code}).`);
}

async function whyNotOpened(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
    await file.close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** Whether the names of the relays and of Google resolve, but for those that a proxy resolves. */
export async function checkDns(
  config: Config,
  tokenUri: string | undefined,
  wayOut: WayOut,
): Promise<Finding> {
  const urls = [...config.relays.urls, ...(config.fcm.enabled ? [config.fcm.baseUrl, tokenUri] : [])];
  const hosts = new Set(
    urls
      .filter((url) => url !== undefined)
      .map((url) => new URL(url))
      .filter((url) => wayOut.proxyFor(url) === undefined && !isOnion(url))
      .map(({ hostname }) => hostname.replace(/^\[|\]$/g, '')),
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
