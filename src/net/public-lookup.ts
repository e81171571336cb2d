import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup, Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

import { MINUTE_MS, SECOND_MS } from '../core/basics/clock.ts';
import {
  IPV4_ONLY_NAME,
  nat64Prefixes,
  translatedIpv4,
  WELL_KNOWN_PREFIX,
  type Nat64Prefix,
} from './nat64.ts';
import { isPublicAddress } from './public-address.ts';

/** A name server gets two tries of three seconds. The whole attempt to connect has ten seconds. */
const RESOLVER = { timeout: 3 * SECOND_MS, tries: 2 };
/** How long what a resolver says of its own NAT64 prefixes is used, and how long it is not asked after it has said nothing. */
const PREFIXES_MS = { answered: 10 * MINUTE_MS, unanswered: MINUTE_MS };
/** This program's own error code: the name has no address that may be used. */
const NOT_PUBLIC = 'ENOTPUBLIC';
/** The resolver's answers for a name that has no address of this family. */
const NO_ADDRESS: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND']);

export interface CheckedLookupOptions {
  /** Whether a connection may go to an address. */
  readonly accepts: (address: string) => boolean;
  /** Ask the system, which knows the names in /etc/hosts and on the local network, too. Only for names that the operator has written. */
  readonly bySystem?: boolean;
  /** The name servers to ask; those of the system if absent. */
  readonly servers?: readonly string[] | undefined;
}

/** Resolves a host's name to public addresses only. */
export function publicLookup(servers?: readonly string[]): LookupFunction {
  return checkedLookup({ accepts: isPublicAddress, servers });
}

/**
 * Resolves a host's name to the addresses that are accepted; the others are left out. The connection goes to one of these addresses, so a
 * name cannot be checked as one address and dialled as another. An IPv6 address that a NAT64 translates is judged by the IPv4 address
 * inside. Names of strangers are resolved by c-ares: a slow name in `dns.lookup` would block one of the few threads that all of Node shares.
 */
export function checkedLookup({ accepts, bySystem = false, servers }: CheckedLookupOptions): LookupFunction {
  const prefixes = new ResolversPrefixes(servers);
  const resolve = bySystem && servers === undefined ? bySystemResolver : byNameServers(servers);
  const usable = async (hostname: string): Promise<LookupAddress[] | string> => {
    const [found, translating] = await Promise.all([resolve(hostname), prefixes.known()]);
    if (typeof found === 'string') return found;
    return found.filter(({ address }) => isUsable(address, translating, accepts));
  };
  return (hostname, { all }, callback) => {
    void answer(usable(hostname), all === true, callback);
  };
}

async function answer(
  looked: Promise<LookupAddress[] | string>,
  all: boolean,
  callback: Parameters<LookupFunction>[2],
): Promise<void> {
  const found = await looked;
  if (typeof found === 'string') return callback(lookupError(found), '', 0);
  const [first] = found;
  if (first === undefined) callback(lookupError(NOT_PUBLIC), '', 0);
  else if (all) callback(null, found);
  else callback(null, first.address, first.family);
}

/** Whether an attempt failed because the name has no address that may be used. */
export function isNotPublic(error: unknown): boolean {
  return codeOf(error) === NOT_PUBLIC;
}

function isUsable(
  address: string,
  prefixes: readonly Nat64Prefix[],
  accepts: (address: string) => boolean,
): boolean {
  const translated = translatedIpv4(address, prefixes);
  return translated.length === 0 ? accepts(address) : translated.every((inside) => accepts(inside));
}

/** Finds the addresses of a name. @returns an error code if there was no answer */
type Resolve = (hostname: string) => Promise<LookupAddress[] | string>;

function byNameServers(servers: readonly string[] | undefined): Resolve {
  return async (hostname) => {
    const resolver = resolverOf(servers);
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    if (v4.status === 'rejected' && v6.status === 'rejected') return codeOf(v4.reason) ?? 'EDNS';
    return [
      ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 })),
      ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 })),
    ];
  };
}

async function bySystemResolver(hostname: string): Promise<LookupAddress[] | string> {
  try {
    return await systemLookup(hostname, { all: true });
  } catch (error) {
    return codeOf(error) ?? 'EDNS';
  }
}

/** The NAT64 prefixes of the name servers in use: the well-known one, and their own (RFC 7050). Asked anew from time to time. */
class ResolversPrefixes {
  readonly #servers: readonly string[] | undefined;
  #known: readonly Nat64Prefix[] = [WELL_KNOWN_PREFIX];
  #asked: Promise<void> | undefined;
  #askAgainAt = -Infinity;

  constructor(servers: readonly string[] | undefined) {
    this.#servers = servers;
  }

  async known(): Promise<readonly Nat64Prefix[]> {
    if (performance.now() >= this.#askAgainAt) this.#asked ??= this.#ask();
    await this.#asked;
    return this.#known;
  }

  async #ask(): Promise<void> {
    let validMs = PREFIXES_MS.answered;
    try {
      const own = await resolverOf(this.#servers).resolve6(IPV4_ONLY_NAME);
      this.#known = [WELL_KNOWN_PREFIX, ...nat64Prefixes(own)];
    } catch (error) {
      // Without an answer, what the resolver said before still counts.
      if (NO_ADDRESS.has(codeOf(error))) this.#known = [WELL_KNOWN_PREFIX];
      else validMs = PREFIXES_MS.unanswered;
    }
    this.#askAgainAt = performance.now() + validMs;
    this.#asked = undefined;
  }
}

function resolverOf(servers: readonly string[] | undefined): Resolver {
  const resolver = new Resolver(RESOLVER);
  if (servers !== undefined) resolver.setServers(servers);
  return resolver;
}

function codeOf(fault: unknown): string | undefined {
  return (fault as { code?: string } | undefined)?.code;
}

/** The message leaves the name out: it may be part of an endpoint, which is a secret. */
function lookupError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error('no usable address'), { code });
}
