import { parseJson } from '../../core/basics/parse-json.ts';
import type { SubscriptionFrame } from './event-frame.ts';
import { parsedFrame } from './parsed-frame.ts';

/** A message from a relay to a client (NIP-01, NIP-42). */
export type RelayMessage =
  | { readonly type: 'EVENT'; readonly frame: SubscriptionFrame }
  | { readonly type: 'EOSE'; readonly subscription: string }
  | {
      readonly type: 'CLOSED';
      readonly subscription: string;
      readonly reason: ReasonPrefix;
      /** Whether the relay allows no further subscription. */
      readonly isTooMany?: true;
    }
  | { readonly type: 'AUTH'; readonly challenge: string }
  | { readonly type: 'OK'; readonly id: string; readonly accepted: boolean }
  | { readonly type: 'NOTICE'; readonly isTooMany?: true };

/** Why a text is not such a message. */
export type MessageProblem = 'not_json' | 'not_nip01';

/** The machine-readable prefixes of NIP-01 and NIP-42. The text after a prefix is the relay's own, and is never logged. */
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

/** How relays say that a connection has too many subscriptions. No standard has words for it. */
const TOO_MANY =
  /too many (?:\w+ )?(?:subs\b|subscriptions?|reqs?\b)|max(?:imum)? (?:number of )?(?:\w+ )?subscriptions?|subscriptions? (?:limit|quota|max)/i;

function saysTooMany(text: unknown): { isTooMany?: true } {
  return typeof text === 'string' && TOO_MANY.test(text) ? { isTooMany: true } : {};
}

/** strfry writes `ERROR: ` before every reason, also before one with a prefix. */
const ERROR = /^error: */i;
/** What strfry says of a REQ that it does not take. */
const BAD_REQUEST = 'bad req';

function reasonPrefix(text: unknown): ReasonPrefix {
  if (typeof text !== 'string') return 'other';
  const known = knownPrefix(text.replace(ERROR, ''));
  return known ?? (ERROR.test(text) ? 'error' : 'other');
}

function knownPrefix(text: string): ReasonPrefix | undefined {
  const [prefix] = text.split(':', 1);
  if (prefix === BAD_REQUEST) return 'invalid';
  return REASON_PREFIXES.find((known) => known === prefix);
}

/** Reads any text message by `JSON.parse`. A usual EVENT, which is nearly every message, is read by the faster `scanEventFrame`. */
export function readRelayMessage(bytes: Buffer): RelayMessage | MessageProblem {
  const message = parseJson(bytes.toString('utf8'));
  if (message === undefined) return 'not_json';
  return Array.isArray(message) ? classify(message, bytes) : 'not_nip01';
}

function classify([type, subject, detail]: unknown[], bytes: Buffer): RelayMessage | MessageProblem {
  switch (type) {
    case 'EVENT': {
      const frame = typeof subject === 'string' ? parsedFrame(subject, detail, bytes) : undefined;
      return frame === undefined ? 'not_nip01' : { type, frame };
    }
    case 'EOSE':
      return typeof subject === 'string' ? { type, subscription: subject } : 'not_nip01';
    case 'CLOSED':
      return typeof subject === 'string'
        ? { type, subscription: subject, reason: reasonPrefix(detail), ...saysTooMany(detail) }
        : 'not_nip01';
    case 'AUTH':
      return typeof subject === 'string' ? { type, challenge: subject } : 'not_nip01';
    case 'OK':
      return typeof subject === 'string' ? { type, id: subject, accepted: detail === true } : 'not_nip01';
    case 'NOTICE':
      return { type, ...saysTooMany(subject) };
    default:
      return 'not_nip01';
  }
}
