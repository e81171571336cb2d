import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

import { SECOND_MS } from '../core/basics/clock.ts';
import { isPublicAddress } from './public-address.ts';

/** A name server gets two tries of three seconds. The whole attempt to connect has ten seconds. */
const RESOLVER = { timeout: 3 * SECOND_MS, tries: 2 };
/** This program's own error code: the name has an address that is not public. */
const NOT_PUBLIC = 'ENOTPUBLIC';

/**
 * Resolves a host's name to public addresses only. The connection goes to one of these addresses, so a name cannot be checked as one
 * address and dialled as another. It uses c-ares: a slow name in `dns.lookup` would block one of the few threads that all of Node
 * shares.
 *
 * @param servers the name servers to ask; those of the system if absent
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

/** Whether an attempt failed because the name has an address that is not public. */
export function isNotPublic(error: unknown): boolean {
  return codeOf(error) === NOT_PUBLIC;
}

/** @returns the addresses, or none if one of them is not public; an error code if there was no answer */
async function resolve(hostname: string, servers?: readonly string[]): Promise<LookupAddress[] | string> {
  const resolver = new Resolver(RESOLVER);
  if (servers !== undefined) resolver.setServers(servers);
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  if (v4.status === 'rejected' && v6.status === 'rejected') return codeOf(v4.reason) ?? 'EDNS';
  const addresses = [
    ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 })),
    ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 })),
  ];
  // A private address among public ones is probably an attack, so the whole name is refused.
  return addresses.every(({ address }) => isPublicAddress(address)) ? addresses : [];
}

function codeOf(fault: unknown): string | undefined {
  return (fault as { code?: string } | undefined)?.code;
}

/** The message leaves the name out: it may be part of an endpoint, which is a secret. */
function lookupError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error('no public address'), { code });
}
