/** FCM tokens have 140 to 200 characters today. Google documents no length; this bound keeps a registration small. */
const MAX_TOKEN_LENGTH = 4096;
/** The characters of a registration token: base64url, and the colon behind the installation's id. */
const ALPHABET = /^[\w:-]+$/;
/** Words before a colon that say that something else follows: a URL, an installation id, a device token of Apple's. */
const OTHER_KINDS = /^(?:https?|fid|apns):/i;

/**
 * Whether a text is an FCM registration token (contract 1.1). Only such a text is ever sent to Google: an endpoint, a
 * subscription's JSON and a URL in any disguise hold a character that no token has, or begin as something else.
 */
export function isFcmToken(text: string): boolean {
  return text.length <= MAX_TOKEN_LENGTH && ALPHABET.test(text) && !OTHER_KINDS.test(text);
}
