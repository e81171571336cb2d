import { parseJson } from '../basics/parse-json.ts';

/** FCM tokens have 140 to 200 characters today. Google documents no length; this bound keeps a registration small. */
const MAX_TOKEN_LENGTH = 4096;
/** The characters of a registration token: base64url, and the colon behind the installation's id. */
const ALPHABET = /^[\w:-]+$/;
/** Words before a colon that say that something else follows: a URL, an installation id, a device token of Apple's. */
const OTHER_KINDS = /^(?:https?|fid|apns):/i;

const ENDPOINT = /^https?:\/\//i;

/**
 * Whether a text is an FCM registration token (contract 1.1). Only such a text is ever sent to Google: an endpoint, a
 * subscription's JSON and a URL in any disguise hold a character that no token has, begin as something else, or are in base64url.
 */
export function isFcmToken(text: string): boolean {
  if (text.length > MAX_TOKEN_LENGTH || !ALPHABET.test(text) || OTHER_KINDS.test(text)) return false;
  const decoded = fromBase64Url(text);
  return decoded === undefined || !(ENDPOINT.test(decoded) || isJsonOfMore(decoded));
}

/** Whether a text is JSON and more than a number. No token is that by chance. */
function isJsonOfMore(text: string): boolean {
  return /^[[{"]/.test(text) && parseJson(text) !== undefined;
}

/** @returns a character for each byte; `undefined` where the text is none in base64url */
function fromBase64Url(text: string): string | undefined {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return undefined;
  }
}
