import type { IncomingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';

import type Ipaddr from 'ipaddr.js';

import type { Allowance } from './rate-limit.ts';

// CommonJS: an `import` would first read all of its source for names, which takes longer than to run it.
const ipaddr = createRequire(import.meta.url)('ipaddr.js') as typeof Ipaddr;

/** Where the client's address is read: the connection's other end, or a header that the proxy in front of us writes (contract 1.2). */
export type AddressSource = 'socket' | 'fly-client-ip' | 'x-forwarded-for';

const PROXY_HEADERS = ['fly-client-ip', 'x-forwarded-for'] as const;

/** Whether a request has come through a proxy, or pretends to. */
export function hasProxyHeaders(headers: IncomingHttpHeaders): boolean {
  return PROXY_HEADERS.some((name) => headers[name] !== undefined);
}

/**
 * Finds the address of the client. Of `X-Forwarded-For` the rightmost counts, which the nearest proxy wrote: all others are
 * the client's to invent. Without a valid header it is the other end of the connection, so that nobody escapes the limits.
 */
export function clientAddress(
  source: AddressSource,
  headers: IncomingHttpHeaders,
  socketAddress: string | undefined,
): string | undefined {
  if (source === 'socket') return socketAddress;
  const written = [headers[source] ?? ''].flat().join(',').split(',').at(-1)?.trim() ?? '';
  const address = withoutPort(written);
  // ipaddr.js takes `1` for an address, as old C libraries do.
  return isIP(address) === 0 ? socketAddress : address;
}

/** A /64 is one subscriber; a /48 or a /32 is many of them, or one who has it all. */
const IPV6_NETWORKS = [
  { bytes: 8, times: 1 },
  { bytes: 6, times: 10 },
  { bytes: 4, times: 100 },
] as const;

/**
 * What a request from this address is taken from: an IPv4 address, or an IPv6 /64 and the networks around it (contract 1.2).
 * All that have no valid address share one allowance.
 */
export function allowancesOf(address: string | undefined): Allowance[] {
  const version = isIP(address ?? '');
  if (address === undefined || version === 0) return [{ name: 'unknown', times: 1 }];
  // Node takes an IPv4 address in its one form alone, so there is nothing to parse.
  if (version === 4) return [{ name: `ipv4 ${address}`, times: 1 }];
  // `process` makes IPv4 of an IPv4 address that is mapped into IPv6, as a listener for both writes it.
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return [{ name: `ipv4 ${parsed.toString()}`, times: 1 }];
  const bytes = Buffer.from(parsed.toByteArray());
  return IPV6_NETWORKS.map((network) => ({
    name: `ipv6 ${bytes.toString('hex', 0, network.bytes)}`,
    times: network.times,
  }));
}

/** How much of an address names its network (contract 1.1): an IPv4 /24, an IPv6 /48. In bytes. */
const NETWORK_BYTES = { ipv4: 3, ipv6: 6 } as const;

/** The name of the network that an address is in; one name for all that have no valid address. */
export function networkName(address: string | undefined): string {
  if (address === undefined || isIP(address) === 0) return 'unknown';
  const parsed = ipaddr.process(address);
  const bytes = Buffer.from(parsed.toByteArray());
  return `${parsed.kind()} ${bytes.toString('hex', 0, NETWORK_BYTES[parsed.kind()])}`;
}

/** Some proxies write the port too: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
function withoutPort(written: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(written)?.[1] ?? written.replace(/^([\d.]+):\d+$/, '$1');
}
