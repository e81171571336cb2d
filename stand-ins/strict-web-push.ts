import type { IncomingHttpHeaders } from 'node:http';

import type { Answer } from './http-exchange.ts';
import { readVapidToken } from './vapid-token.ts';

const DAY_SECONDS = 86_400;
const MAX_MESSAGE_BYTES = 4096;
/** The fewest bytes of a message: salt, record size and key length, the key, and a record of one byte and its tag. */
const MIN_MESSAGE_BYTES = 16 + 4 + 1 + 65 + 1 + 16;

/**
 * What a push server that goes by the letter of RFC 8030, 8188 and 8292 refuses a request with, as Mozilla's and Apple's do;
 * `undefined` where there is nothing to say against it.
 *
 * @param origin the push server's own
 * @param vapidKey the key that the app subscribed with, base64url
 */
export function webPushRefusal(
  { headers, body }: { headers: IncomingHttpHeaders; body: Buffer },
  origin: string,
  vapidKey: string,
): Answer | undefined {
  const authorization = vapidRefusal(headers, origin, vapidKey);
  if (authorization !== undefined) return authorization;
  const faults = [
    [!/^\d{1,8}$/.test(String(headers['ttl'])), 'TTL'],
    [!/^(?:very-low|low|normal|high)$/.test(String(headers['urgency'] ?? 'normal')), 'Urgency'],
    [!/^[\w-]{1,32}$/.test(String(headers['topic'] ?? 'x')), 'Topic'],
    [headers['content-encoding'] !== 'aes128gcm', 'Content-Encoding'],
    [headers['content-type'] !== 'application/octet-stream', 'Content-Type'],
    [headers['content-length'] !== String(body.length), 'Content-Length'],
    [body.length < MIN_MESSAGE_BYTES || body[20] !== 65 || body[21] !== 4, 'the body'],
    [body.length >= 20 && body.readUInt32BE(16) < body.length - 86, 'the record size'],
  ] as const;
  const fault = faults.find(([isWrong]) => isWrong);
  if (fault !== undefined) return { status: 400, body: `${fault[1]} is wrong` };
  return body.length > MAX_MESSAGE_BYTES ? { status: 413 } : undefined;
}

function vapidRefusal(headers: IncomingHttpHeaders, origin: string, vapidKey: string): Answer | undefined {
  const token = readVapidToken(headers.authorization);
  if (token === undefined) return { status: 401, body: 'no VAPID token' };
  const { aud, exp = 0, sub = '' } = token.claims;
  const left = exp - Date.now() / 1000;
  const faults = [
    [!token.isSigned, 'the signature'],
    [token.publicKey !== vapidKey, 'the key'],
    [JSON.stringify(token.header) !== '{"typ":"JWT","alg":"ES256"}', 'the header'],
    [aud !== origin, 'aud'],
    [left <= 0 || left > DAY_SECONDS, 'exp'],
    [!/^(?:mailto:|https:)/.test(sub), 'sub'],
  ] as const;
  const fault = faults.find(([isWrong]) => isWrong);
  return fault === undefined ? undefined : { status: 403, body: `${fault[1]} is wrong` };
}
