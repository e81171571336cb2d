import { hash as digest, randomBytes } from 'node:crypto';

import type { FastifyRequest } from 'fastify';

import { clientAddress, networkName, type AddressSource } from './client-address.ts';

const SALT_BYTES = 16;
/** Hex digits of 16 bits. */
const HASH_DIGITS = 4;
const NETWORKS = 2 ** 16 - 1;

/** Numbers the networks that requests come from, by a 16-bit hash with a secret of this process. The number does not reveal the network. */
export class ClientNetworks {
  readonly #source: AddressSource;
  readonly #salt = randomBytes(SALT_BYTES).toString('latin1');

  constructor(source: AddressSource) {
    this.#source = source;
  }

  /** @returns from 1 to 65535; 0 is no network (`Registration.network`) */
  of({ headers, socket }: Pick<FastifyRequest, 'headers' | 'socket'>): number {
    const name = networkName(clientAddress(this.#source, headers, socket.remoteAddress));
    return 1 + (Number.parseInt(digest('sha256', this.#salt + name).slice(0, HASH_DIGITS), 16) % NETWORKS);
  }
}
