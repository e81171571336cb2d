import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';

import { SECOND_MS } from '../core/basics/clock.ts';
import type { ProxyAddress } from '../core/basics/proxy-address.ts';
import { ProxyExceptions } from './proxy-exceptions.ts';
import { openTunnel, ProxyError } from './tunnel.ts';

/** For the connection to the proxy, and for the proxy's to the destination. */
const TUNNEL_TIMEOUT_MS = 10 * SECOND_MS;
/** A proxy that says nothing about so many hosts in a row is at fault itself. One silent host says nothing about the proxy. */
const SILENT_HOSTS = 2;
/** The answers that concern one destination, and not the proxy: forbidden, not reached. */
const OF_DESTINATION = /^PROXY_(?:40[034]|5\d\d|SOCKS_(?!AUTH|INVALID).*|TIMEOUT|CLOSED)$/;

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
  readonly #silent = new Set<string>();
  #problem: string | undefined;

  constructor(proxies: OutgoingProxies) {
    this.#proxies = proxies;
    this.#exceptions = new ProxyExceptions(proxies.exceptions);
  }

  /** What is wrong with a proxy, since the last answer that it gave; absent: nothing. */
  get problem(): string | undefined {
    return this.#problem;
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
    let failure: unknown;
    for (const destination of await addressesOf(name, lookup)) {
      try {
        const socket = await openTunnel(proxy, { host: destination, port }, TUNNEL_TIMEOUT_MS);
        this.#noteAnswer();
        return socket;
      } catch (error) {
        failure = error;
        this.#noteFailure(error, isOwn ? `${name}:${port}` : undefined);
        // Another address of the same name may be reached.
        if (!(error instanceof ProxyError && /^PROXY_(?:5\d\d|SOCKS_)/.test(error.code))) break;
      }
    }
    throw failure;
  }

  #noteAnswer(): void {
    this.#problem = undefined;
    this.#silent.clear();
  }

  #noteFailure(error: unknown, ownHost: string | undefined): void {
    const code = error instanceof ProxyError ? error.code : '';
    if (!OF_DESTINATION.test(code)) this.#problem = code;
    else if (code !== 'PROXY_TIMEOUT' && code !== 'PROXY_CLOSED') this.#noteAnswer();
    else if (ownHost !== undefined) {
      this.#silent.add(ownHost);
      if (this.#silent.size >= SILENT_HOSTS) this.#problem = code;
    }
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
