import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

import { SECOND_MS } from '../core/basics/clock.ts';
import { isPublicAddress } from './public-address.ts';

/** A name server gets two tries of three seconds; an attempt to connect as a whole has ten. */
const RESOLVER = { timeout: 3 * SECOND_MS, tries: 2 };
/** Our own code for a name that has an address, but none that may be called. */
const NOT_PUBLIC = 'ENOTPUBLIC';

/**
 * Resolves a host's name, and answers only with public addresses. The connection goes to one of those, so a
 * name cannot be checked as one address and dialled as another. By c-ares and not by `dns.lookup`, whose slow names
 * would hold the few threads that the rest of Node shares.
 *
 * @param servers the name servers to ask; else those of the system
 */
export function publicLookup(servers?: readonly string[]): LookupFunction {
  return (hostname, { all }, callback) => {
    void answer(resolve(hostname, servers), all === true, callback);
  };
}

async function answer(
  resolved: ReturnType<typeof resolve>,
  all: boolean,
  callback: Parameters<LookupFunction>[2],
): Promise<void> {
  const found = await resolved;
  if (typeof found === 'string') return callback(lookupError(found), '', 0);
  const [first] = found;
  if (first === undefined) callback(lookupError(NOT_PUBLIC), '', 0);
  else if (all) callback(null, found);
  else callback(null, first.address, first.family);
}

/** Whether an attempt failed because a name leads to an address that may not be called. */
export function isNotPublic(error: unknown): boolean {
  return codeOf(error) === NOT_PUBLIC;
}

/** @returns the addresses, none where one of them is not public; or the code of the failure where there is no answer */
async function resolve(hostname: string, servers?: readonly string[]): Promise<LookupAddress[] | string> {
  const resolver = new Resolver(RESOLVER);
  if (servers !== undefined) resolver.setServers(servers);
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  if (v4.status === 'rejected' && v6.status === 'rejected') return codeOf(v4.reason) ?? 'EDNS';
  const addresses = [
    ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 })),
    ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 })),
  ];
  // One private address among public ones is no accident: such a name is refused whole.
  return addresses.every(({ address }) => isPublicAddress(address)) ? addresses : [];
}

function codeOf(fault: unknown): string | undefined {
  return (fault as { code?: string } | undefined)?.code;
}

/** Without the name: it may be part of an endpoint, which is a secret. */
function lookupError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error('no public address'), { code });
}
