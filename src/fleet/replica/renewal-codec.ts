import type { Renewal } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { NAME_BYTES } from '../engine/names.ts';

/** A renewal as the log of a fleet tells it. */
export interface ToldRenewal extends Renewal {
  /** The field of the registration. */
  readonly field: Buffer;
}

// The bytes of renewals: the form (1), then for each field (16), key (32), registeredAt (6), expiresAt (6).

/** A version that does not know the form leaves the renewals out. */
const FORM = 1;
const KEY_BYTES = 32;
const TIME_BYTES = 6;
const RENEWAL_BYTES = NAME_BYTES + KEY_BYTES + 2 * TIME_BYTES;

export function encodeRenewals(renewals: readonly ToldRenewal[]): Buffer {
  const bytes = Buffer.alloc(1 + renewals.length * RENEWAL_BYTES);
  bytes[0] = FORM;
  let at = 1;
  for (const { expiresAt, field, registeredAt, tradePubkey } of renewals) {
    bytes.set(field, at);
    at += NAME_BYTES;
    at += bytes.write(tradePubkey, at, 'hex');
    at = bytes.writeUIntBE(registeredAt, at, TIME_BYTES);
    at = bytes.writeUIntBE(expiresAt, at, TIME_BYTES);
  }
  return bytes;
}

/** @returns `undefined` if a newer version of this program has written them */
export function decodeRenewals(bytes: Buffer): ToldRenewal[] | undefined {
  if (bytes[0] !== FORM || (bytes.length - 1) % RENEWAL_BYTES !== 0) return undefined;
  const renewals: ToldRenewal[] = [];
  for (let at = 1; at < bytes.length; at += RENEWAL_BYTES) {
    const key = at + NAME_BYTES;
    const times = key + KEY_BYTES;
    renewals.push({
      field: bytes.subarray(at, key),
      tradePubkey: bytes.toString('hex', key, times) as TradePubkey,
      registeredAt: bytes.readUIntBE(times, TIME_BYTES),
      expiresAt: bytes.readUIntBE(times + TIME_BYTES, TIME_BYTES),
    });
  }
  return renewals;
}
