import type { Registration } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { PLATFORM_CODES, platformOf, POLICY_CODES, policyOf } from '../codes.ts';
import { COHORT_TYPES_WITHOUT_DEVICE, readCohort, writeCohort } from './cohort-codec.ts';
import { ByteReader, ByteWriter } from './record-bytes.ts';
import type { StoreRecord } from './store-record.ts';
import { readTarget, writeTarget } from './target-codec.ts';
import { UnreadableRecord } from './unreadable-record.ts';

// A record in bytes is its type (1), then its fields. Records follow one another without a separator; the reader ends at a byte 0, which
// is the filling behind the last record of a frame.
//
// | type | fields |
// |---|---|
// | registered | key (32), flags (1), platform (1), registeredAt (6), expiresAt (6), target |
// | described | isConversation (1), instance (4), then the fields of registered |
// | asking | wake policy (1), then the fields of described |
// | removed | key (32) |
// | seen | the first half of the id (16), at (6) |
// | owed | target, kind of wake (1), number of keys (4), keys (32 each) |
// | paid | target |
// | alive | relay (text), kind (4), at (6) |
// | rewritten | - |
//
// Records of cohorts: `cohort-codec.ts`. Targets: `target-codec.ts`. A text is its length (2) and UTF-8.

/** The types of records. Files have these numbers: a number never gets another meaning. */
const TYPES = {
  registered: 1,
  removed: 2,
  seen: 3,
  owed: 4,
  paid: 5,
  alive: 6,
  rewritten: 7,
  // A registration with an instance, or of a conversation. A version that does not know this type says that the file is newer. All other
  // registrations keep type 1, so that it can read them.
  described: 8,
  // A registration that asks for a wake policy. A version that does not know this type says that the file is newer: it would wake the device
  // at other times.
  asking: 9,
} as const;
const KINDS = ['silent_wake', 'chat_wake'] as const;
const [WOKEN, SIGNED] = [1, 2];
const CONVERSATION = 1;
/** The registration names no instance. */
const NO_INSTANCE = 0;
const KEY_BYTES = 32;
const ID_BYTES = 16;

export function encodeRecord(record: StoreRecord): Uint8Array {
  const writer = new ByteWriter();
  if (record.type !== 'cohort') writer.byte(TYPES[typeOf(record)]);
  switch (record.type) {
    case 'registered':
      writeRegistration(writer, record.registration);
      break;
    case 'removed':
      writer.hex(record.tradePubkey);
      break;
    case 'seen':
      writer.hex(record.id.slice(0, ID_BYTES * 2));
      writer.time(record.at);
      break;
    case 'owed':
      writeTarget(writer, record.wake.target);
      writer.byte(KINDS.indexOf(record.wake.kind));
      writer.number(record.wake.keys.length);
      for (const key of record.wake.keys) writer.hex(key);
      break;
    case 'paid':
      writeTarget(writer, record.target);
      break;
    case 'alive':
      writer.text(record.relay);
      writer.number(record.kind);
      writer.time(record.at);
      break;
    case 'cohort':
      writeCohort(writer, record.change);
      break;
    case 'rewritten':
      break;
  }
  return writer.bytes();
}

function typeOf(record: Exclude<StoreRecord, { type: 'cohort' }>): keyof typeof TYPES {
  return record.type === 'registered' ? formOf(record.registration) : record.type;
}

/** The types of records without a device. A type that is missing here counts as one with a device. */
const WITHOUT_DEVICE: ReadonlySet<number> = new Set([
  TYPES.removed,
  TYPES.seen,
  TYPES.alive,
  TYPES.rewritten,
  ...COHORT_TYPES_WITHOUT_DEVICE,
]);

/** Whether a record has a device, whose address would show in the record's length. */
export function namesDevice(record: Uint8Array): boolean {
  return !WITHOUT_DEVICE.has(record[0] as number);
}

/** @throws UnreadableRecord */
export function* decodeRecords(bytes: Buffer): Generator<StoreRecord> {
  const reader = new ByteReader(bytes);
  try {
    while (reader.hasMore) {
      const record = decodeRecord(reader);
      if (record === undefined) return;
      yield record;
    }
  } catch (error) {
    throw error instanceof RangeError ? new UnreadableRecord() : error;
  }
}

function decodeRecord(reader: ByteReader): StoreRecord | undefined {
  const type = reader.byte();
  switch (type) {
    case 0:
      return undefined;
    case TYPES.registered:
      return { type: 'registered', registration: readRegistration(reader) };
    case TYPES.described:
      return { type: 'registered', registration: readDescribed(reader) };
    case TYPES.asking:
      return { type: 'registered', registration: readAsking(reader) };
    case TYPES.removed:
      return { type: 'removed', tradePubkey: readKey(reader) };
    case TYPES.seen:
      return { type: 'seen', id: reader.hex(ID_BYTES), at: reader.time() };
    case TYPES.owed: {
      const [target, kind] = [readTarget(reader), reader.oneOf(KINDS)];
      return { type: 'owed', wake: { target, kind, keys: readKeys(reader) } };
    }
    case TYPES.paid:
      return { type: 'paid', target: readTarget(reader) };
    case TYPES.alive:
      return { type: 'alive', relay: reader.text(), kind: reader.number(), at: reader.time() };
    case TYPES.rewritten:
      return { type: 'rewritten' };
    default:
      return { type: 'cohort', change: readCohort(reader, type) };
  }
}

function writeRegistration(writer: ByteWriter, registration: Registration): void {
  const { tradePubkey, target, platform, registeredAt, expiresAt, woken, signed } = registration;
  const { instance = NO_INSTANCE, isConversation, wakePolicy } = registration;
  if (wakePolicy !== undefined) writer.byte(POLICY_CODES[wakePolicy]);
  if (formOf(registration) !== 'registered') {
    writer.byte(isConversation === true ? CONVERSATION : 0);
    writer.number(instance);
  }
  writer.hex(tradePubkey);
  writer.byte((woken ? WOKEN : 0) | (signed ? SIGNED : 0));
  writer.byte(PLATFORM_CODES[platform]);
  writer.time(registeredAt);
  writer.time(expiresAt);
  writeTarget(writer, target);
}

/** The type of a registration's record: the oldest one that has a place for all of its fields. */
function formOf({
  instance,
  isConversation,
  wakePolicy,
}: Registration): 'registered' | 'described' | 'asking' {
  if (wakePolicy !== undefined) return 'asking';
  return instance !== undefined || isConversation === true ? 'described' : 'registered';
}

function readAsking(reader: ByteReader): Registration {
  const wakePolicy = policyOf(reader.byte());
  if (wakePolicy === undefined) throw new UnreadableRecord();
  return { ...readDescribed(reader), wakePolicy };
}

function readDescribed(reader: ByteReader): Registration {
  const isConversation = reader.byte() === CONVERSATION;
  const instance = reader.number();
  return {
    ...readRegistration(reader),
    ...(instance !== NO_INSTANCE && { instance }),
    ...(isConversation && { isConversation }),
  };
}

function readRegistration(reader: ByteReader): Registration {
  const tradePubkey = readKey(reader);
  const flags = reader.byte();
  const platform = platformOf(reader.byte());
  if (platform === undefined) throw new UnreadableRecord();
  const [registeredAt, expiresAt] = [reader.time(), reader.time()];
  const target = readTarget(reader);
  const [woken, signed] = [(flags & WOKEN) !== 0, (flags & SIGNED) !== 0];
  return { tradePubkey, target, platform, registeredAt, expiresAt, woken, signed };
}

function readKey(reader: ByteReader): TradePubkey {
  return reader.hex(KEY_BYTES) as TradePubkey;
}

function readKeys(reader: ByteReader): TradePubkey[] {
  return Array.from({ length: reader.number() }, () => readKey(reader));
}
