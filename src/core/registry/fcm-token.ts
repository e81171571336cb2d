import { parseJson } from '../basics/parse-json.ts';

/** FCM tokens have 140 to 200 characters today. Google documents no length; this bound keeps a registration small. */
const MAX_TOKEN_LENGTH = 4096;
/** The characters of a registration token: base64url, and the colon after the installation id. */
const ALPHABET = /^[\w:-]+$/;
/** Beginnings of other texts: of a URL, an installation id, a device token of Apple's. */
const OTHER_KINDS = /^(?:https?|fid|apns):/i;

const ENDPOINT = /^https?:\/\//i;

/** 17 bytes as base64url without padding: Google makes them so. */
const INSTALLATION_ID = /^[\w-]{22}$/;

/** Whether a text is a Firebase Installation ID (contract 1.1). */
export function isInstallationId(text: string): boolean {
  return INSTALLATION_ID.test(text);
}

/**
 * Whether a text is an FCM registration token (contract 1.1). Google gets no other text. An endpoint or the JSON of a subscription is
 * refused because it has a character that no token has, has another beginning, or is one of the two in base64url.
 */
export function isFcmToken(text: string): boolean {
  if (text.length > MAX_TOKEN_LENGTH || !ALPHABET.test(text) || OTHER_KINDS.test(text)) return false;
  const decoded = fromBase64Url(text);
  return decoded === undefined || !(ENDPOINT.test(decoded) || isJsonOfMore(decoded));
}

/** Whether a text is a JSON array, object or string. No token is one by chance. */
function isJsonOfMore(text: string): boolean {
  return /^[[{"]/.test(text) && parseJson(text) !== undefined;
}

/** @returns a character for each byte; `undefined` if the text is not base64url */
function fromBase64Url(text: string): string | undefined {
  // Nearly every token has a colon: the error that `atob` would throw costs more than all the rest of a token's checks.
  if (text.includes(':')) return undefined;
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return undefined;
  }
}
