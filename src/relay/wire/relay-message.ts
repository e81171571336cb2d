import { parseJson } from '../../core/basics/parse-json.ts';
import { asNostrEvent } from '../../core/nostr/nostr-event.ts';
import { scanEventFrame, type SubscriptionFrame } from './event-frame.ts';
import type { KnownTexts } from './known-texts.ts';
import { ParsedFrame } from './parsed-frame.ts';
import { unsoundEvent } from './unsound-event.ts';

/** What a relay may say to a client (NIP-01, NIP-42). */
export type RelayMessage =
  | { readonly type: 'EVENT'; readonly frame: SubscriptionFrame }
  | { readonly type: 'EOSE'; readonly subscription: string }
  | { readonly type: 'CLOSED'; readonly subscription: string; readonly reason: ReasonPrefix }
  | { readonly type: 'AUTH'; readonly challenge: string }
  | { readonly type: 'OK'; readonly id: string; readonly accepted: boolean }
  | { readonly type: 'NOTICE' };

export type FrameProblem = 'not_json' | 'not_nip01';

/** The machine-readable prefixes of NIP-01 and NIP-42. The text after one is the relay's own and never logged. */
const REASON_PREFIXES = [
  'duplicate',
  'pow',
  'blocked',
  'rate-limited',
  'invalid',
  'restricted',
  'mute',
  'error',
  'auth-required',
  'unsupported',
] as const;

export type ReasonPrefix = (typeof REASON_PREFIXES)[number] | 'other';

function reasonPrefix(text: unknown): ReasonPrefix {
  const prefix = typeof text === 'string' ? text.split(':', 1)[0] : undefined;
  return REASON_PREFIXES.find((known) => known === prefix) ?? 'other';
}

/**
 * Reads one text frame. The usual EVENT costs one scan; everything else, rare as it is, a `JSON.parse`.
 *
 * @param subscriptions those that this relay has spoken of
 */
export function readRelayMessage(bytes: Buffer, subscriptions?: KnownTexts): RelayMessage | FrameProblem {
  const frame = scanEventFrame(bytes, subscriptions);
  if (frame !== undefined) return { type: 'EVENT', frame };
  const message = parseJson(bytes.toString('utf8'));
  if (message === undefined) return 'not_json';
  return Array.isArray(message) ? classify(message, bytes) : 'not_nip01';
}

function classify([type, subject, detail]: unknown[], bytes: Buffer): RelayMessage | FrameProblem {
  switch (type) {
    case 'EVENT':
      return readEvent(subject, detail, bytes);
    case 'EOSE':
      return typeof subject === 'string' ? { type, subscription: subject } : 'not_nip01';
    case 'CLOSED':
      return typeof subject === 'string'
        ? { type, subscription: subject, reason: reasonPrefix(detail) }
        : 'not_nip01';
    case 'AUTH':
      return typeof subject === 'string' ? { type, challenge: subject } : 'not_nip01';
    case 'OK':
      return typeof subject === 'string' ? { type, id: subject, accepted: detail === true } : 'not_nip01';
    case 'NOTICE':
      return { type };
    default:
      return 'not_nip01';
  }
}

/** An EVENT of an unusual form: read by `JSON.parse`, whose word is final. */
function readEvent(subscription: unknown, value: unknown, bytes: Buffer): RelayMessage | FrameProblem {
  if (typeof subscription !== 'string') return 'not_nip01';
  const event = asNostrEvent(value);
  const outline = event ?? unsoundEvent(value);
  if (outline === undefined) return 'not_nip01';
  return { type: 'EVENT', frame: new ParsedFrame({ subscription, bytes, outline, event }) };
}
