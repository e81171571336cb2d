import type { SharedWake } from '../../core/fleet/wake-share.ts';
import type { WakeKind } from '../../core/lanes/delivery.ts';
import type { PushService } from '../../core/registry/push-target.ts';
import { KEY_DIGITS, type TradePubkey } from '../../core/registry/trade-pubkey.ts';
import type { OwedWake } from '../../core/waking/owed-devices.ts';

/** A wake, and the event that it answers, or the name under which it is claimed without one. */
export interface EventWake {
  readonly event: string;
  readonly wake: SharedWake;
}

const KINDS: ReadonlySet<WakeKind> = new Set(['silent_wake', 'chat_wake']);
const SERVICES: ReadonlySet<PushService> = new Set(['fcm', 'unifiedpush']);
const EVENT_BYTES = 32;
const KEY_BYTES = KEY_DIGITS / 2;
/** Every wake has it. */
const HAS_EVENT = 1;
const IS_CHAT = 2;
const IS_VOUCHED = 4;
const HAS_GROUP = 8;

// A wake is flags (1), the event (32), the number of its keys (2) and the keys (32 each), the device, and the group if it is
// another name than the device's. A text is its length (2) and UTF-8.

export function encodeWake(event: string, wake: SharedWake): Buffer {
  const { device, group, isVouched, keys, kind } = wake;
  const hasGroup = group !== device;
  const most = 1 + EVENT_BYTES + 2 + keys.length * KEY_BYTES + 4 + 3 * (device.length + group.length);
  const bytes = Buffer.allocUnsafe(most);
  bytes[0] =
    HAS_EVENT |
    (kind === 'chat_wake' ? IS_CHAT : 0) |
    (isVouched ? IS_VOUCHED : 0) |
    (hasGroup ? HAS_GROUP : 0);
  let end = 1 + bytes.write(event, 1, 'hex');
  end = bytes.writeUInt16BE(keys.length, end);
  for (const key of keys) end += bytes.write(key, end, 'hex');
  end = writeText(bytes, device, end);
  if (hasGroup) end = writeText(bytes, group, end);
  return bytes.subarray(0, end);
}

/** @returns `undefined` if the bytes are not those of a wake, for example because a newer version wrote them */
export function decodeWake(bytes: Buffer): EventWake | undefined {
  const flags = bytes[0];
  if (flags === undefined || flags > 15 || (flags & HAS_EVENT) === 0) return undefined;
  try {
    let at = 1;
    const hex = (length: number): string => bytes.toString('hex', at, (at += length));
    const number = (): number => bytes.readUInt16BE((at += 2) - 2);
    const text = (): string => {
      const length = number();
      return bytes.toString('utf8', at, (at += length));
    };
    const event = hex(EVENT_BYTES);
    const count = number();
    const keys = Array.from({ length: count }, () => hex(KEY_BYTES) as TradePubkey);
    const device = text();
    const group = (flags & HAS_GROUP) === 0 ? device : text();
    const kind = (flags & IS_CHAT) === 0 ? 'silent_wake' : 'chat_wake';
    const wake: SharedWake = { device, group, keys, kind, isVouched: (flags & IS_VOUCHED) !== 0 };
    return at === bytes.length ? { event, wake } : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export function encodeOwed({ keys, kind, target }: OwedWake): Buffer {
  return Buffer.from(JSON.stringify({ target, kind, keys }));
}

/** @returns `undefined` if the bytes are not those of an owed wake that this version knows */
export function decodeOwed(bytes: Buffer): OwedWake | undefined {
  try {
    const owed = JSON.parse(bytes.toString()) as Partial<OwedWake> | null;
    const { keys, kind, target } = owed ?? {};
    if (target === undefined || kind === undefined || !KINDS.has(kind) || !Array.isArray(keys))
      return undefined;
    const address = target.type === 'fcm' ? target.token : target.endpoint;
    if (!SERVICES.has(target.type) || typeof address !== 'string') return undefined;
    return { target, kind, keys };
  } catch {
    return undefined;
  }
}

function writeText(bytes: Buffer, text: string, at: number): number {
  const length = bytes.write(text, at + 2, 'utf8');
  bytes.writeUInt16BE(length, at);
  return at + 2 + length;
}
