import { BlockList, isIP } from 'node:net';

import { addressBytes } from './address-bytes.ts';

interface NamedException {
  readonly name: string;
  readonly port: string | undefined;
}

/**
 * The hosts that are reached without the proxy (`NO_PROXY`), as curl reads them: a name counts for itself and for all names below it, with
 * or without a dot in front; an address counts for itself; a network (`10.0.0.0/8`) for its addresses; `*` for every host. An entry may
 * have a port.
 */
export class ProxyExceptions {
  readonly #names: readonly NamedException[];
  readonly #networks = new BlockList();
  readonly #isAll: boolean;

  constructor(written: string) {
    const entries = written
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((entry) => entry !== '');
    this.#isAll = entries.includes('*');
    this.#names = entries.flatMap((entry) => (this.#addNetwork(entry) ? [] : [readName(entry)]));
  }

  /** @param port as in `URL.port`; empty for the default of the scheme */
  has({ hostname, port, protocol }: { hostname: string; port: string; protocol: string }): boolean {
    if (this.#isAll) return true;
    const host = canonical(hostname);
    const number = port === '' ? (/^(?:http|ws):/.test(protocol) ? '80' : '443') : port;
    const family = isIP(host);
    if (family !== 0 && this.#networks.check(host, family === 4 ? 'ipv4' : 'ipv6')) return true;
    return this.#names.some(
      (one) =>
        (one.port === undefined || one.port === number) &&
        (host === one.name || (family === 0 && host.endsWith(`.${one.name}`))),
    );
  }

  #addNetwork(entry: string): boolean {
    const [, network = '', length] = /^\[?([\da-f.:]+)\]?\/(\d{1,3})$/.exec(entry) ?? [];
    const family = isIP(network);
    if (family === 0 || Number(length) > (family === 4 ? 32 : 128)) return false;
    this.#networks.addSubnet(network, Number(length), family === 4 ? 'ipv4' : 'ipv6');
    return true;
  }
}

function readName(entry: string): NamedException {
  const [, name = entry, port] = (isIP(entry) === 6 ? undefined : /^(.*?)(?::(\d+))?$/.exec(entry)) ?? [];
  return { name: canonical(name.replace(/^\*?\./, '')), port };
}

/** A name without brackets and without a dot at its end, an address in its shortest form. */
function canonical(host: string): string {
  const plain = host.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(plain) === 0) return plain;
  const bytes = addressBytes(plain);
  return bytes?.length === 16
    ? new URL(`http://[${plain.split('%')[0]}]`).hostname.slice(1, -1)
    : (bytes?.join('.') ?? plain);
}
