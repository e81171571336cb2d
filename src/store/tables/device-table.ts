import { hash as digest, randomBytes } from 'node:crypto';

import { unreachable } from '../../core/basics/unreachable.ts';
import { addressOf, keysOf, type PushService, type PushTarget } from '../../core/registry/push-target.ts';
import { SERVICE_CODES, serviceOf } from '../codes.ts';
import { ByteBlocks } from './byte-blocks.ts';
import { isPackable, pack, unpack } from './packed-text.ts';
import { RowIndex } from './row-index.ts';
import { Column, NO_ROW } from './rows.ts';

// The shape, 16 bits a device: push service (2) | packed (1) | length of the address in characters (13).
/** The longest address that can be registered has 4096 characters. */
const MAX_LENGTH = 0x1fff;
const PACKED_BIT = 0x2000;
/** {@link SERVICE_CODES}, less one. */
const SERVICE_SHIFT = 14;
/** The keys of a subscription take 110 bytes here (RFC 8291). */
const MAX_KEY_BYTES = 0xff;
/** Between the two keys of a subscription: no base64url character. */
const KEY_SEPARATOR = '.';
const SALT_BYTES = 16;
/** Hex digits of a 32-bit hash. */
const HASH_DIGITS = 8;
const NO_KEYS = Buffer.alloc(0);
/** Keys that no device has: one byte. A look-up with them compares every device of the address and finds none. */
const NO_DEVICES_KEYS = Buffer.alloc(1);
/**
 * The most sets of Web Push keys for one endpoint. An app that subscribes again needs two for a while. The bound limits how many wakes
 * one event can send to an endpoint, and how many devices a look-up compares.
 */
const MAX_SIBLINGS = 8;
/** Whether two devices can have the same address at this push service: with different Web Push keys only. */
const MAY_HAVE_SIBLINGS: Readonly<Record<PushService, boolean>> = { fcm: false, unifiedpush: true };

/** A device in bytes, as the table has it. `shape` holds the push service, whether the address is packed, and its length in characters. */
interface Device {
  readonly address: Buffer;
  readonly shape: number;
  readonly keys: Buffer;
}

/**
 * Devices, each once, however many registrations point at it. A device is its push service, its address and its Web Push keys, if it has
 * any (`deviceOf`). Its address and then its keys are bytes in {@link ByteBlocks}; the number of their first block is the device's row.
 * The columns add 13 bytes a block: hash (4), shape (2), length of the address (2) and of the keys (1), one registration (4).
 *
 * Devices of one address are siblings: they differ in their Web Push keys only. The hash is of the address alone, so one look-up
 * compares, and counts, all siblings. A look-up sets `#sought` and `#met`; {@link add} uses what the last look-up has sought.
 */
export class DeviceTable {
  readonly #blocks = new ByteBlocks();
  readonly #index: RowIndex;
  readonly #salt = randomBytes(SALT_BYTES).toString('latin1');
  readonly #hashes = new Column((length) => new Uint32Array(length));
  readonly #shapes = new Column((length) => new Uint16Array(length));
  /** Bytes of the address as it is stored: packed, if it can be. */
  readonly #lengths = new Column((length) => new Uint16Array(length));
  /** Bytes of the Web Push keys, which follow the address; 0 without keys. */
  readonly #keyLengths = new Column((length) => new Uint8Array(length));
  /** One of the registrations that point at the device. {@link DeviceLinks} keeps it right. */
  readonly firstRegistration = new Column((length) => new Int32Array(length));
  #sought: Device = { address: NO_KEYS, shape: 0, keys: NO_KEYS };
  #soughtHash = 0;
  /** Devices of the sought address that the look-up has compared, and how many of them have keys. */
  #met = { all: 0, withKeys: 0 };

  constructor() {
    this.#index = new RowIndex({
      hashOf: (device) => this.#hashes.get(device),
      isSought: (device) => this.#isSought(device),
    });
  }

  /** The most blocks that were ever in use. */
  get blocks(): number {
    return this.#blocks.last;
  }

  /** @returns the device's row, or {@link NO_ROW} */
  find(target: PushTarget): number {
    this.#sought = toBytes(target);
    this.#soughtHash = this.#hash(target);
    this.#met = { all: 0, withKeys: 0 };
    return this.#index.find(this.#soughtHash);
  }

  /** Whether this row is the target's device. */
  is(device: number, target: PushTarget): boolean {
    this.#sought = toBytes(target);
    return this.#isSought(device);
  }

  /** Whether the target is a new device, and its address has {@link MAX_SIBLINGS} devices already. */
  isCrowded(target: PushTarget): boolean {
    if (!MAY_HAVE_SIBLINGS[target.type]) return false;
    return this.find(target) === NO_ROW && this.#met.all >= MAX_SIBLINGS;
  }

  /** Adds the device that the last {@link find} did not find. */
  add(): number {
    const { address, keys, shape } = this.#sought;
    const device = this.#blocks.write(keys.length === 0 ? address : Buffer.concat([address, keys]));
    for (const column of [this.#hashes, this.#shapes, this.#lengths]) column.reach(device);
    for (const column of [this.#keyLengths, this.firstRegistration]) column.reach(device);
    this.#hashes.set(device, this.#soughtHash);
    this.#shapes.set(device, shape);
    this.#lengths.set(device, address.length);
    this.#keyLengths.set(device, keys.length);
    this.firstRegistration.set(device, NO_ROW);
    this.#index.add(this.#soughtHash, device);
    return device;
  }

  remove(device: number): void {
    this.#sought = this.#read(device);
    this.#index.remove(this.#hashes.get(device));
    this.#blocks.free(device);
  }

  serviceOf(device: number): PushService {
    return serviceOf((this.#shapes.get(device) >>> SERVICE_SHIFT) + 1) as PushService;
  }

  targetOf(device: number): PushTarget {
    const read = this.#read(device);
    const isPacked = (read.shape & PACKED_BIT) !== 0;
    const address = isPacked ? unpack(read.address, read.shape & MAX_LENGTH) : read.address.toString('utf8');
    const service = this.serviceOf(device);
    switch (service) {
      case 'fcm':
        return { type: 'fcm', token: address };
      case 'unifiedpush': {
        if (read.keys.length === 0) return { type: 'unifiedpush', endpoint: address };
        const [p256dh = '', auth = ''] = read.keys.toString('latin1').split(KEY_SEPARATOR);
        const target = { type: 'unifiedpush', endpoint: address, keys: { p256dh, auth } } as const;
        return this.#hasSiblings(device, read) ? { ...target, sharesEndpoint: true } : target;
      }
      default:
        return unreachable(service);
    }
  }

  /** The target of a device that is not in the table, as {@link targetOf} would give it. */
  unregistered(target: PushTarget): PushTarget {
    const { type } = target;
    if (type !== 'unifiedpush' || target.keys === undefined) return target;
    const { endpoint, keys } = target;
    this.find(target);
    return { type, endpoint, keys, ...(this.#met.withKeys > 0 && { sharesEndpoint: true as const }) };
  }

  /** Whether another device with keys has the same address. */
  #hasSiblings(device: number, { address, shape }: Device): boolean {
    this.#sought = { address, shape, keys: NO_DEVICES_KEYS };
    this.#met = { all: 0, withKeys: 0 };
    this.#index.find(this.#hashes.get(device));
    return this.#met.withKeys > 1;
  }

  #read(device: number): Device {
    const [length, keyLength] = [this.#lengths.get(device), this.#keyLengths.get(device)];
    const bytes = this.#blocks.read(device, length + keyLength);
    const shape = this.#shapes.get(device);
    return { address: bytes.subarray(0, length), shape, keys: bytes.subarray(length) };
  }

  #isSought(device: number): boolean {
    const { address, keys, shape } = this.#sought;
    if (this.#shapes.get(device) !== shape || this.#lengths.get(device) !== address.length) return false;
    if (!this.#blocks.beginWith(device, address)) return false;
    const keyLength = this.#keyLengths.get(device);
    this.#met.all++;
    if (keyLength > 0) this.#met.withKeys++;
    if (keyLength !== keys.length) return false;
    return keyLength === 0 || this.#read(device).keys.equals(keys);
  }

  /** A hash of the address. It is salted, so a client cannot choose addresses with the same hash. */
  #hash(target: PushTarget): number {
    // The digest as text: allocating a buffer for four bytes takes longer than the digest.
    return Number.parseInt(digest('sha256', this.#salt + addressOf(target)).slice(0, HASH_DIGITS), 16);
  }
}

function toBytes(target: PushTarget): Device {
  const address = addressOf(target);
  if (address.length > MAX_LENGTH) throw new RangeError(`an address has at most ${MAX_LENGTH} characters`);
  const service = (SERVICE_CODES[target.type] - 1) << SERVICE_SHIFT;
  const keys = keyBytes(target);
  return isPackable(address)
    ? { address: pack(address), shape: address.length | PACKED_BIT | service, keys }
    : { address: Buffer.from(address, 'utf8'), shape: address.length | service, keys };
}

function keyBytes(target: PushTarget): Buffer {
  const keys = keysOf(target);
  if (keys === undefined) return NO_KEYS;
  const bytes = Buffer.from(`${keys.p256dh}${KEY_SEPARATOR}${keys.auth}`, 'latin1');
  if (bytes.length > MAX_KEY_BYTES) throw new RangeError(`keys have at most ${MAX_KEY_BYTES} bytes`);
  return bytes;
}
