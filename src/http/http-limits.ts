import type { FastifyRequest } from 'fastify';

import type { Clock } from '../core/basics/clock.ts';
import type { CounterLabels } from '../core/telemetry/counters.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { TradePubkey } from '../core/registry/trade-pubkey.ts';
import { ApiError } from './api-error.ts';
import { allowancesOf, clientAddress, type AddressSource } from './client-address.ts';
import { RateLimit } from './rate-limit.ts';

/** Test wakes of each trade key (contract 1.2). */
const TESTS_OF_KEY = { perMinute: 1, burst: 1 };
/**
 * Test wakes of each device, whatever the number of its keys: a stranger can register many keys for it. In an hour they are as many as the
 * wakes that strangers' events can cause (contract 5).
 */
const TESTS_OF_DEVICE = { perMinute: 0.5, burst: 10 };
/** How many calls of notify may come at once, by key and by address (contract 1.2). Constant, as in the incumbent. */
const NOTIFY_BURST = { perKey: 10, perAddress: 30 };

export interface HttpLimitsOptions {
  readonly addressSource: AddressSource;
  /** Requests a minute. */
  readonly rates: {
    readonly registrationPerAddress: number;
    readonly notifyPerKey: number;
    readonly notifyPerAddress: number;
  };
  /** Monotonic, in milliseconds. */
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** The limits of contract 1.2. Each method throws the same 429 if its limit is reached, so that clients do not learn which limit it was. */
export class HttpLimits {
  readonly #options: HttpLimitsOptions;
  readonly #registrationByAddress: RateLimit;
  readonly #notifyByKey: RateLimit;
  readonly #notifyByAddress: RateLimit;
  readonly #testsByKey: RateLimit;
  readonly #testsByDevice: RateLimit;

  constructor(options: HttpLimitsOptions) {
    const { clock, rates } = options;
    this.#options = options;
    this.#registrationByAddress = new RateLimit({
      perMinute: rates.registrationPerAddress,
      burst: Math.ceil((rates.registrationPerAddress * 5) / 6),
      clock,
    });
    this.#notifyByKey = new RateLimit({ perMinute: rates.notifyPerKey, burst: NOTIFY_BURST.perKey, clock });
    this.#notifyByAddress = new RateLimit({
      perMinute: rates.notifyPerAddress,
      burst: NOTIFY_BURST.perAddress,
      clock,
    });
    this.#testsByKey = new RateLimit({ ...TESTS_OF_KEY, clock });
    this.#testsByDevice = new RateLimit({ ...TESTS_OF_DEVICE, clock });
  }

  registration({ headers, socket }: FastifyRequest): void {
    const address = clientAddress(this.#options.addressSource, headers, socket.remoteAddress);
    this.#take('registration_address', this.#registrationByAddress.take(...allowancesOf(address)));
  }

  notify({ headers, socket }: FastifyRequest): void {
    const address = clientAddress(this.#options.addressSource, headers, socket.remoteAddress);
    this.#take('notify_address', this.#notifyByAddress.take(...allowancesOf(address)));
  }

  notifyKey(tradePubkey: TradePubkey): void {
    this.#take('notify_key', this.#notifyByKey.take({ name: tradePubkey, times: 1 }));
  }

  /** @param device the name of the key's device */
  test(tradePubkey: TradePubkey, device: string): void {
    this.#take('test_key', this.#testsByKey.take({ name: tradePubkey, times: 1 }));
    this.#take('test_device', this.#testsByDevice.take({ name: device, times: 1 }));
  }

  #take(limit: CounterLabels<'http_rate_limited'>['limit'], waitMs: number): void {
    if (waitMs === 0) return;
    this.#options.telemetry.count('http_rate_limited', { limit });
    throw ApiError.rateLimited(waitMs);
  }
}
