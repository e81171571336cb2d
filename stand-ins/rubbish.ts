import { randomBytes } from 'node:crypto';

import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure';

/**
 * Text, JSON that is no NIP-01, events for strangers on the client's own subscriptions, ping frames; or, as raw bytes, empty pong
 * frames, or messages in a thousand empty fragments.
 */
export type RubbishMake = 'noise' | 'json' | 'strangers' | 'pings' | 'pongs' | 'fragments';

/** Whether this kind of rubbish is made of whole WebSocket frames. If not, it is payloads. */
export function isRaw(make: RubbishMake): boolean {
  return make === 'pongs' || make === 'fragments';
}

const BYTES = 2048;
/** How many different frames are made. They are sent over and over, because making a frame costs more than sending it. */
const VARIETY = 16;
/** How many frames one piece of raw bytes has. */
const FRAMES = 1000;
/** Empty unmasked frames (RFC 6455, section 5.2): a pong; the first, a further and the last fragment of a text. */
const PONG = [0x8a, 0];
const [FIRST, FURTHER, LAST] = [
  [0x01, 0],
  [0x00, 0],
  [0x80, 0],
];
/** RFC 6455 gives a control frame no more. */
const PING_BYTES = 125;

/** The payloads of one kind of rubbish. Without a subscription there are no events for strangers. */
export function rubbish(make: RubbishMake, subscription?: { id: string; kind: number }): Buffer[] {
  if (make === 'pings') return several(() => randomBytes(PING_BYTES));
  if (make === 'pongs') return [Buffer.from(repeated(PONG))];
  if (make === 'fragments') return [Buffer.from([...FIRST, ...repeated(FURTHER), ...LAST])];
  if (make === 'noise') return several(() => Buffer.from(text(BYTES)));
  if (make === 'json') return several((nth) => json(nth));
  return subscription === undefined ? [] : several(() => strangersEvent(subscription.id, subscription.kind));
}

function repeated(frame: readonly number[]): number[] {
  return Array.from({ length: FRAMES }, () => frame).flat();
}

const shapes: ((filling: string) => unknown)[] = [
  (filling) => ({ EVENT: filling }),
  (filling) => ['SURPRISE', filling],
  (filling) => [[['EVENT']], filling],
  (filling) => filling,
];

function json(nth: number): Buffer {
  return Buffer.from(JSON.stringify(shapes[nth % shapes.length]?.(text(BYTES))));
}

/** Genuine in every respect, so that a server which checks more than it must pays for it. */
function strangersEvent(id: string, kind: number): Buffer {
  const tags = [['p', getPublicKey(generateSecretKey())]];
  const created_at = Math.floor(Date.now() / 1000);
  const template = { kind, tags, created_at, content: text(BYTES - 512) };
  return Buffer.from(JSON.stringify(['EVENT', id, finalizeEvent(template, generateSecretKey())]));
}

function text(length: number): string {
  return randomBytes(length).toString('base64').slice(0, length);
}

function several<T>(make: (nth: number) => T): T[] {
  return Array.from({ length: VARIETY }, (_, nth) => make(nth));
}
