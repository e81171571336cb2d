import { decodeRecords, encodeRecord, namesDevice } from '../../store/file/record-codec.ts';
import type { StoreRecord } from '../../store/file/store-record.ts';
import { UnreadableRecord } from '../../store/file/unreadable-record.ts';
import type { FleetNames } from '../engine/names.ts';
import type { ValueSealer } from '../engine/value-sealer.ts';
import { decodeRenewals, encodeRenewals, type ToldRenewal } from './renewal-codec.ts';

/**
 * The least length of a record with a device, in bytes. A sealed value of this length is as long as one with almost any token or endpoint,
 * so that its length tells no push service.
 */
const DEVICE_BYTES = 500;

/** Why a value cannot be read: it was damaged, or put there by a stranger; or a newer version of this program has written it. */
export type Illegible = 'damaged' | 'unknown';

/** Seals the records that lie in the fields of the engine. */
export class RecordSealer {
  readonly #names: FleetNames;
  readonly #sealer: ValueSealer;
  readonly #log: Buffer;

  constructor(names: FleetNames, sealer: ValueSealer) {
    this.#names = names;
    this.#log = Buffer.from(names.log);
    this.#sealer = sealer;
  }

  seal(record: StoreRecord, field: Buffer): Buffer {
    const bytes = encodeRecord(record);
    if (!namesDevice(bytes) || bytes.length >= DEVICE_BYTES)
      return this.#sealer.seal(bytes, this.#place(field));
    const filled = Buffer.alloc(DEVICE_BYTES);
    filled.set(bytes);
    return this.#sealer.seal(filled, this.#place(field));
  }

  open(sealed: Buffer, field: Buffer): StoreRecord | Illegible {
    const bytes = this.#sealer.open(sealed, this.#place(field));
    if (bytes === undefined) return 'damaged';
    try {
      const [record] = decodeRecords(bytes);
      return record ?? 'unknown';
    } catch (error) {
      if (error instanceof UnreadableRecord) return 'unknown';
      throw error;
    }
  }

  /** Seals renewals for the log. */
  sealRenewals(renewals: readonly ToldRenewal[]): Buffer {
    return this.#sealer.seal(encodeRenewals(renewals), this.#log);
  }

  openRenewals(sealed: Buffer): readonly ToldRenewal[] | Illegible {
    const bytes = this.#sealer.open(sealed, this.#log);
    return bytes === undefined ? 'damaged' : (decodeRenewals(bytes) ?? 'unknown');
  }

  #place(field: Buffer): Buffer {
    return Buffer.concat([Buffer.from(this.#names.shard(this.#names.shardOf(field))), field]);
  }
}
