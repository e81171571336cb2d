import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';

import { SECOND_MS } from '../core/basics/clock.ts';
import type { ProxyAddress } from '../core/basics/proxy-address.ts';
import { ProxyExceptions } from './proxy-exceptions.ts';
import { ProxyHealth } from './proxy-health.ts';
import { openTunnel, ProxyError } from './tunnel.ts';

/** Where a request goes. */
export type Host = Pick<URL, 'protocol' | 'hostname' | 'port'>;

export interface OutgoingProxies {
  /** `HTTPS_PROXY`: for everything that is not excepted. */
  readonly proxy: ProxyAddress | undefined;
  /** `NO_PROXY`. */
  readonly exceptions: string;
  /** `TOR_SOCKS`: for `.onion` names. */
  readonly tor: ProxyAddress | undefined;
}

export interface ProxyTimeouts {
  /** For the connection to the proxy, and for the proxy's to the destination, in milliseconds. */
  readonly tunnelMs: number;
  /** For an answer that the proxy gives by itself, in milliseconds. */
  readonly answerMs: number;
}

const PROXY_TIMEOUTS: ProxyTimeouts = { tunnelMs: 10 * SECOND_MS, answerMs: 5 * SECOND_MS };

export interface TunnelOptions {
  /** Resolves the name here; the proxy then gets an address that was checked. Absent: the proxy resolves the name. */
  readonly lookup?: LookupFunction | undefined;
  /** Whether the operator chose the host. Only such hosts show whether the proxy itself is at fault. */
  readonly isOwn: boolean;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'ws:': 80 };
const HTTPS_PORT = 443;

/** How this server reaches others: directly, or through a proxy of the operator's. */
export class WayOut {
  readonly #proxies: OutgoingProxies;
  readonly #exceptions: ProxyExceptions;
  readonly #health = new Map<ProxyAddress, ProxyHealth>();
  readonly #timeouts: ProxyTimeouts;

  constructor(proxies: OutgoingProxies, timeouts = PROXY_TIMEOUTS) {
    this.#proxies = proxies;
    this.#timeouts = timeouts;
    this.#exceptions = new ProxyExceptions(proxies.exceptions);
  }

  /** What is wrong with one of the proxies, since the last answer that it gave; absent: nothing. */
  get problem(): string | undefined {
    for (const { problem } of this.#health.values()) if (problem !== undefined) return problem;
    return undefined;
  }

  /** The proxy for a host; absent: it is reached directly. */
  proxyFor(host: Host): ProxyAddress | undefined {
    const { proxy, tor } = this.#proxies;
    if (tor !== undefined && isOnion(host)) return tor;
    return proxy === undefined || this.#exceptions.has(host) ? undefined : proxy;
  }

  /** Connects to a host through its proxy. @throws ProxyError, or the error of the look-up */
  async open(proxy: ProxyAddress, host: Host, { isOwn, lookup }: TunnelOptions): Promise<Socket> {
    const port = host.port === '' ? (DEFAULT_PORTS[host.protocol] ?? HTTPS_PORT) : Number(host.port);
    const name = plainHost(host);
    const health = this.#healthOf(proxy);
    let failure: unknown;
    for (const destination of await addressesOf(name, lookup)) {
      try {
        const socket = await openTunnel(proxy, { host: destination, port }, this.#timeouts.tunnelMs);
        health.noteAnswer();
        return socket;
      } catch (error) {
        failure = error;
        health.noteFailure(error, isOwn ? `${name}:${port}` : undefined);
        // Another address of the same name may be reached.
        if (!(error instanceof ProxyError && /^PROXY_(?:5\d\d|SOCKS_)/.test(error.code))) break;
      }
    }
    throw failure;
  }

  #healthOf(proxy: ProxyAddress): ProxyHealth {
    const known = this.#health.get(proxy);
    if (known !== undefined) return known;
    const health = new ProxyHealth(proxy, this.#timeouts.answerMs);
    this.#health.set(proxy, health);
    return health;
  }
}

/** The names of Tor's hidden services. They must never be sent to a resolver (RFC 7686). */
export function isOnion({ hostname }: Pick<Host, 'hostname'>): boolean {
  return /\.onion\.?$/i.test(hostname);
}

/** Speaks TLS with a host over a tunnel. */
export function tlsOver(socket: Socket, host: Pick<Host, 'hostname'>, protocols: string[]): TLSSocket {
  const name = plainHost(host);
  return connectTls({
    socket,
    host: name,
    ALPNProtocols: protocols,
    ...(isIP(name) === 0 && { servername: name }),
  });
}

function plainHost({ hostname }: Pick<Host, 'hostname'>): string {
  return hostname.replace(/^\[|\]$/g, '');
}

async function addressesOf(name: string, lookup: LookupFunction | undefined): Promise<readonly string[]> {
  if (lookup === undefined || isIP(name) !== 0) return [name];
  const found = await promisify<string, { all: true }, LookupAddress[]>(lookup as never)(name, { all: true });
  return found.map(({ address }) => address);
}
