import { parseJson } from '../../core/basics/parse-json.ts';
import type { SubscriptionFrame } from './event-frame.ts';
import { parsedFrame } from './parsed-frame.ts';

/** What a relay says of the stored events beyond those that it has sent (NIP-67): there are none, or there are more. */
export type EoseHint = 'finish' | 'more';

/** A relay's answer in a negotiation about stored events (NIP-77). */
export type NegotiationMessage =
  | { readonly type: 'NEG-MSG'; readonly subscription: string; readonly message: string }
  | {
      readonly type: 'NEG-ERR';
      readonly subscription: string;
      readonly refusal: 'blocked' | 'closed' | 'other';
    };

/** A message from a relay to a client (NIP-01, NIP-42, NIP-77). */
export type RelayMessage =
  | NegotiationMessage
  | { readonly type: 'EVENT'; readonly frame: SubscriptionFrame }
  | { readonly type: 'EOSE'; readonly subscription: string; readonly hint?: EoseHint }
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
  /too many (?:\w+ )?(?:subs\b|subscriptions?|reqs?\b)|max(?:imum)? (?:number of )?(?:\w+ )?(?:subs\b|subscriptions?)|subscriptions? (?:limit|quota|max)/i;

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

/** The hints stand in a list, in which unknown ones may stand too. */
function eoseHint(hints: unknown): { hint?: EoseHint } {
  const all: readonly unknown[] = Array.isArray(hints) ? hints : [hints];
  // A relay that says both is believed the one that asks for more.
  const hint = (['more', 'finish'] as const).find((known) => all.includes(known));
  return hint === undefined ? {} : { hint };
}

/** The prefixes of NIP-77. */
function refusalOf(text: unknown): 'blocked' | 'closed' | 'other' {
  const prefix = typeof text === 'string' ? text.split(':', 1)[0] : undefined;
  return prefix === 'blocked' || prefix === 'closed' ? prefix : 'other';
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
      return typeof subject === 'string' ? { type, subscription: subject, ...eoseHint(detail) } : 'not_nip01';
    case 'CLOSED':
      return typeof subject === 'string'
        ? { type, subscription: subject, reason: reasonPrefix(detail), ...saysTooMany(detail) }
        : 'not_nip01';
    case 'AUTH':
      return typeof subject === 'string' ? { type, challenge: subject } : 'not_nip01';
    case 'OK':
      return typeof subject === 'string' ? { type, id: subject, accepted: detail === true } : 'not_nip01';
    case 'NEG-MSG':
      return typeof subject === 'string' && typeof detail === 'string'
        ? { type, subscription: subject, message: detail }
        : 'not_nip01';
    case 'NEG-ERR':
      return typeof subject === 'string'
        ? { type, subscription: subject, refusal: refusalOf(detail) }
        : 'not_nip01';
    case 'NOTICE':
      return { type, ...saysTooMany(subject) };
    default:
      return 'not_nip01';
  }
}
