import { hash as digest, randomBytes } from 'node:crypto';

import { addressOf, renewedTarget, type PushTarget, type WebPushKeys } from '../core/push-target.ts';
import { ByteBlocks } from './byte-blocks.ts';
import { Column } from './column.ts';
import { isPackable, pack, unpack } from './packed-text.ts';
import { RecordIndex } from './record-index.ts';
import { NO_RECORD } from './record-numbers.ts';

/** What the column holds that says how long an address is; the longest that can be registered has 4096 characters. */
const MAX_LENGTH = 0x3fff;
/** Those of a subscription have 110 (RFC 8291). */
const MAX_KEY_BYTES = 0xff;
const PACKED_BIT = 0x4000;
const UNIFIEDPUSH_BIT = 0x8000;
/** Between the two keys of a subscription; no base64url character. */
const KEY_SEPARATOR = '.';
const SALT_BYTES = 16;
/** Hex digits of a 32-bit hash. */
const HASH_DIGITS = 8;
const NO_KEYS = Buffer.alloc(0);

/** An address as it is kept: its bytes, and its length in characters with a bit each for its push service and for being packed. */
interface Address {
  readonly bytes: Buffer;
  readonly shape: number;
}

/** Devices, each once: a device is its push service and address, and its record the block that its address begins in. */
export class DeviceRecords {
  readonly #blocks = new ByteBlocks();
  readonly #index: RecordIndex;
  readonly #salt = randomBytes(SALT_BYTES).toString('latin1');
  readonly #hashes = new Column((length) => new Uint32Array(length));
  readonly #shapes = new Column((length) => new Uint16Array(length));
  /** Bytes of the address. */
  readonly #lengths = new Column((length) => new Uint16Array(length));
  /** Bytes of the keys of a subscription, which follow the address. */
  readonly #keyLengths = new Column((length) => new Uint8Array(length));
  /** One of the registrations that point at the device. */
  readonly firstRegistration = new Column((length) => new Int32Array(length));
  #sought: Address = { bytes: Buffer.alloc(0), shape: 0 };
  #soughtHash = 0;

  constructor() {
    this.#index = new RecordIndex({
      hashOf: (device) => this.#hashes.get(device),
      isSought: (device) => this.#isSought(device),
    });
  }

  /** Blocks that there has ever been room for. */
  get blocks(): number {
    return this.#blocks.last;
  }

  /** @returns the device's record, or {@link NO_RECORD} */
  find(target: PushTarget): number {
    this.#sought = toBytes(target);
    this.#soughtHash = this.#hash(target);
    return this.#index.find(this.#soughtHash);
  }

  /** Whether this record is the target's device. */
  is(device: number, target: PushTarget): boolean {
    this.#sought = toBytes(target);
    return this.#isSought(device);
  }

  /** Adds the device that was sought last and not found. */
  add(target: PushTarget): number {
    const { bytes, shape } = this.#sought;
    const keys = keyBytes(target);
    const device = this.#blocks.write(keys.length === 0 ? bytes : Buffer.concat([bytes, keys]));
    for (const column of [this.#hashes, this.#shapes, this.#lengths]) column.reach(device);
    for (const column of [this.#keyLengths, this.firstRegistration]) column.reach(device);
    this.#hashes.set(device, this.#soughtHash);
    this.#shapes.set(device, shape);
    this.#lengths.set(device, bytes.length);
    this.#keyLengths.set(device, keys.length);
    this.firstRegistration.set(device, NO_RECORD);
    this.#index.add(this.#soughtHash, device);
    return device;
  }

  /** Keeps what this target says of the device, beyond its address: the keys that it has given last count (`renewedTarget`). */
  update(device: number, target: PushTarget): void {
    if (target.type === 'fcm') return;
    const keys = keyBytes(renewedTarget(this.targetOf(device), target));
    const { bytes } = toBytes(target);
    this.#blocks.rewrite(device, Buffer.concat([bytes, keys]));
    this.#keyLengths.set(device, keys.length);
  }

  remove(device: number): void {
    const bytes = this.#blocks.read(device, this.#lengths.get(device));
    this.#sought = { bytes, shape: this.#shapes.get(device) };
    this.#index.remove(this.#hashes.get(device));
    this.#blocks.free(device);
  }

  serviceOf(device: number): PushTarget['type'] {
    return (this.#shapes.get(device) & UNIFIEDPUSH_BIT) === 0 ? 'fcm' : 'unifiedpush';
  }

  targetOf(device: number): PushTarget {
    const keyLength = this.#keyLengths.get(device);
    const length = this.#lengths.get(device);
    const bytes = this.#blocks.read(device, length + keyLength);
    const shape = this.#shapes.get(device);
    const isPacked = (shape & PACKED_BIT) !== 0;
    const address = isPacked
      ? unpack(bytes.subarray(0, length), shape & MAX_LENGTH)
      : bytes.toString('utf8', 0, length);
    if (this.serviceOf(device) === 'fcm') return { type: 'fcm', token: address };
    if (keyLength === 0) return { type: 'unifiedpush', endpoint: address };
    const [p256dh = '', auth = ''] = bytes.toString('latin1', length).split(KEY_SEPARATOR);
    return { type: 'unifiedpush', endpoint: address, keys: { p256dh, auth } };
  }

  #isSought(device: number): boolean {
    const { bytes, shape } = this.#sought;
    if (this.#shapes.get(device) !== shape || this.#lengths.get(device) !== bytes.length) return false;
    return this.#blocks.beginWith(device, bytes);
  }

  /** Of the address, with a salt: nobody can choose addresses that meet. */
  #hash(target: PushTarget): number {
    // As text: a buffer of its own for four bytes takes longer than the digest.
    return Number.parseInt(digest('sha256', this.#salt + addressOf(target)).slice(0, HASH_DIGITS), 16);
  }
}

function toBytes(target: PushTarget): Address {
  const address = addressOf(target);
  if (address.length > MAX_LENGTH) throw new RangeError(`an address has at most ${MAX_LENGTH} characters`);
  const service = target.type === 'unifiedpush' ? UNIFIEDPUSH_BIT : 0;
  return isPackable(address)
    ? { bytes: pack(address), shape: address.length | PACKED_BIT | service }
    : { bytes: Buffer.from(address, 'utf8'), shape: address.length | service };
}

function keyBytes(target: PushTarget): Buffer {
  const keys: WebPushKeys | undefined = target.type === 'unifiedpush' ? target.keys : undefined;
  if (keys === undefined) return NO_KEYS;
  const bytes = Buffer.from(`${keys.p256dh}${KEY_SEPARATOR}${keys.auth}`, 'latin1');
  if (bytes.length > MAX_KEY_BYTES) throw new RangeError(`keys have at most ${MAX_KEY_BYTES} bytes`);
  return bytes;
}
