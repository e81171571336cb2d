import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv4 } from 'node:net';

import { addressBytes } from '../net/address-bytes.ts';
import type { Allowance } from './rate-limit.ts';

const IPV4_BYTES = 4;

/** Where the client's address is read: from the socket, or from a header that the proxy in front of us writes (contract 1.2). */
export type AddressSource = 'socket' | 'fly-client-ip' | 'x-forwarded-for';

const PROXY_HEADERS = ['fly-client-ip', 'x-forwarded-for'] as const;

/** Whether a request has a proxy's headers. The client may have written them itself. */
export function hasProxyHeaders(headers: IncomingHttpHeaders): boolean {
  return PROXY_HEADERS.some((name) => headers[name] !== undefined);
}

/**
 * Finds the address of the client. Of `X-Forwarded-For` the rightmost address counts, because the nearest proxy wrote it and a client can
 * invent all others. Without a valid header the socket's address counts, so that no client escapes the limits.
 */
export function clientAddress(
  source: AddressSource,
  headers: IncomingHttpHeaders,
  socketAddress: string | undefined,
): string | undefined {
  if (source === 'socket') return socketAddress;
  const written = [headers[source] ?? ''].flat().join(',').split(',').at(-1)?.trim() ?? '';
  const address = withoutPort(written);
  return isIP(address) === 0 ? socketAddress : address;
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

/** Removes the port, which some proxies add: `192.0.2.1:1234`, `[2001:db8::1]:1234`. */
function withoutPort(written: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(written)?.[1] ?? written.replace(/^([\d.]+):\d+$/, '$1');
}
