import type { FastifyRequest } from 'fastify';

import { HOUR_MS, MINUTE_MS, type Clock } from '../core/basics/clock.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { addressBytes } from '../net/address-bytes.ts';
import { isLoopbackAddress, isPrivateAddress } from '../net/public-address.ts';
import { headerAddress, hasProxyHeaders, type AddressSource } from './client-address.ts';

/** How long one request through a proxy nearby is remembered. */
const REMEMBERED_MS = HOUR_MS;
/** Requests are counted for this long, and judged for as long after it. */
const WINDOW_MS = 10 * MINUTE_MS;
/** Fewer requests in a window say nothing. */
const ENOUGH = 20;
/** One client can send any header, but not most of the requests of all clients. */
const MOST = 0.9;

/** `ignored`: a proxy names clients, and is not believed. `missing`: a proxy is to be believed, and names no client. */
export type ProxyHeaderFault = 'ignored' | 'missing';

/**
 * Finds out whether the headers of a proxy and the setting for them belong together. If they do not, all clients have the proxy's address,
 * and share one limit. Strangers can send such headers too, so one request counts only if it came from a machine nearby, as a proxy's does.
 */
export class ProxyHeaders {
  readonly #source: AddressSource;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  #isLogged = false;
  #nearbyAt = -Infinity;
  #windowFrom = -Infinity;
  #requests = 0;
  #faulty = 0;
  #isMostFaulty = false;

  /** @param clock monotonic, in milliseconds */
  constructor(source: AddressSource, clock: Clock, telemetry: Telemetry) {
    this.#source = source;
    this.#clock = clock;
    this.#telemetry = telemetry;
  }

  /** Looks at the headers of one request. */
  note({ headers, method, socket }: Pick<FastifyRequest, 'headers' | 'method' | 'socket'>): void {
    const source = this.#source;
    if (source !== 'socket') {
      // Health checks of proxies have no client.
      if (method === 'POST') this.#count(headerAddress(source, headers) === undefined);
      return;
    }
    const isFaulty = hasProxyHeaders(headers);
    this.#count(isFaulty);
    if (isFaulty) this.#noteIgnored(socket.remoteAddress);
  }

  /** What is wrong at this moment, if anything is. */
  get fault(): ProxyHeaderFault | undefined {
    this.#closeWindow();
    if (this.#source !== 'socket') return this.#isMostFaulty ? 'missing' : undefined;
    return this.#isMostFaulty || this.#clock() - this.#nearbyAt < REMEMBERED_MS ? 'ignored' : undefined;
  }

  #noteIgnored(address: string | undefined): void {
    this.#telemetry.count('http_proxy_headers_ignored');
    if (!this.#isLogged) this.#telemetry.log('http.proxy_headers_ignored');
    this.#isLogged = true;
    if (isNearby(address)) this.#nearbyAt = this.#clock();
  }

  #count(isFaulty: boolean): void {
    this.#closeWindow();
    this.#requests++;
    if (isFaulty) this.#faulty++;
  }

  #closeWindow(): void {
    const now = this.#clock();
    const isEnough = this.#requests >= ENOUGH;
    const isMost = isEnough && this.#faulty >= MOST * this.#requests;
    // A fault shows as soon as there are enough requests, and ends with a whole window without it.
    if (isMost) this.#isMostFaulty = true;
    if (now - this.#windowFrom < WINDOW_MS) return;
    this.#isMostFaulty = isMost || (this.#isMostFaulty && !isEnough);
    this.#windowFrom = now;
    this.#requests = 0;
    this.#faulty = 0;
  }
}

/** Whether the other end of a connection is on this machine or on a private network. */
function isNearby(address: string | undefined): boolean {
  const bytes = addressBytes(address ?? '');
  const plain = bytes?.length === 4 ? bytes.join('.') : (address ?? '');
  return isLoopbackAddress(plain) || isPrivateAddress(plain);
}
