import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv4 } from 'node:net';

import { addressBytes } from '../net/address-bytes.ts';
import type { Allowance } from './rate-limit.ts';

const IPV4_BYTES = 4;

/** Where the client's address is read: from the socket, or from a header that the proxy in front of us writes (contract 1.2). */
export type AddressSource = 'socket' | 'fly-client-ip' | 'x-forwarded-for';

const PROXY_HEADERS = ['fly-client-ip', 'x-forwarded-for', 'forwarded'] as const;

/** Whether a request has a proxy's headers. The client may have written them itself. */
export function hasProxyHeaders(headers: IncomingHttpHeaders): boolean {
  return PROXY_HEADERS.some((name) => headers[name] !== undefined);
}

/**
 * Finds the address of the client. Without a valid header the socket's address counts, so that no client escapes the limits.
 */
export function clientAddress(
  source: AddressSource,
  headers: IncomingHttpHeaders,
  socketAddress: string | undefined,
): string | undefined {
  return source === 'socket' ? socketAddress : (headerAddress(source, headers) ?? socketAddress);
}

/**
 * Reads the address of the client from the proxy's header. Of `X-Forwarded-For`, or of `Forwarded` (RFC 7239) where there is no
 * `X-Forwarded-For`, the rightmost address counts, because the nearest proxy wrote it and a client can invent all others.
 *
 * @returns `undefined` if the header is missing, or if its last entry is no address: `unknown`, or a name that hides the client
 */
export function headerAddress(
  source: Exclude<AddressSource, 'socket'>,
  headers: IncomingHttpHeaders,
): string | undefined {
  const written = headers[source];
  const isStandard = written === undefined && source === 'x-forwarded-for';
  const last = lastEntry(isStandard ? headers['forwarded'] : written);
  const node = isStandard ? forOf(last) : last;
  if (node === undefined) return undefined;
  const address = withoutPort(unquoted(node));
  return isIP(address) === 0 ? undefined : address;
}

/**
 * Only the text behind the last comma is read. No address has a comma, and a quote that a client left open before it must not swallow what
 * the proxy added.
 */
function lastEntry(written: string | string[] | undefined): string {
  const line = Array.isArray(written) ? (written.at(-1) ?? '') : (written ?? '');
  return line.slice(line.lastIndexOf(',') + 1).trim();
}

const PAIR = /[ \t]*([\w-]+)=("(?:[^"\\]|\\.)*"|[^";\s]*)[ \t]*(?:;|$)/y;

/**
 * The `for` of an element of `Forwarded`, which may have others beside it: `for="[2001:db8::1]:4711";proto=https`. The whole element must
 * be well-formed: a proxy may repeat the client's `Host` in it, and that may look like an address.
 */
function forOf(element: string): string | undefined {
  let found: string | undefined;
  const pair = new RegExp(PAIR);
  for (let end = 0; end < element.length; end = pair.lastIndex) {
    const [, name, value] = pair.exec(element) ?? [];
    if (name === undefined) return undefined;
    if (name.toLowerCase() === 'for') found ??= value;
  }
  return found;
}

function unquoted(text: string): string {
  return /^"(.*)"$/.exec(text)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? text;
}

/** A /64 is one subscriber. A /48 or a /32 is many subscribers, or one party who owns all of it. */
const IPV6_NETWORKS = [
  { bytes: 8, times: 1 },
  { bytes: 6, times: 10 },
  { bytes: 4, times: 100 },
] as const;

/**
 * The allowances that a request from this address uses: of the IPv4 address, or of the IPv6 /64 and of the networks around it (contract
 * 1.2). All requests without a valid address share one allowance.
 */
export function allowancesOf(address: string | undefined): Allowance[] {
  // Node accepts only one way to write an IPv4 address, so the text is already unique.
  if (address !== undefined && isIPv4(address)) return [{ name: `ipv4 ${address}`, times: 1 }];
  const bytes = addressBytes(address ?? '');
  if (bytes === undefined) return [{ name: 'unknown', times: 1 }];
  if (bytes.length === IPV4_BYTES) return [{ name: `ipv4 ${bytes.join('.')}`, times: 1 }];
  return IPV6_NETWORKS.map((network) => ({
    name: `ipv6 ${bytes.toString('hex', 0, network.bytes)}`,
    times: network.times,
  }));
}

/** The name of an address's network (contract 1.1): an IPv4 /24, an IPv6 /48. All requests without a valid address have the same name. */
export function networkName(address: string | undefined): string {
  const bytes = addressBytes(address ?? '');
  if (bytes === undefined) return 'unknown';
  return bytes.length === IPV4_BYTES
    ? `ipv4 ${bytes.toString('hex', 0, 3)}`
    : `ipv6 ${bytes.toString('hex', 0, 6)}`;
}

/** Removes the port, which some proxies add: `192.0.2.1:1234`, `[2001:db8::1]:1234`. A port may be hidden, too: `192.0.2.1:_name`. */
function withoutPort(written: string): string {
  const [, inBrackets, ipv4] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(?:\d+|_[\w.-]+))?$/.exec(written) ?? [];
  return inBrackets ?? ipv4 ?? written;
}
