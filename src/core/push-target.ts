/** The system of a device, as a client names it; `webpush` for a Web Push subscription (contract 1.1). */
export type Platform = 'android' | 'ios' | 'webpush';

/** Where a wake goes. The type alone decides which provider carries it: there is no falling back to another (contract 4). */
export type PushTarget = FcmTarget | UnifiedPushTarget;

/** A Firebase registration token: opaque, printable ASCII. */
export interface FcmTarget {
  readonly type: 'fcm';
  readonly token: string;
}

/** A UnifiedPush endpoint: a capability URL, so the whole of it is a secret. */
export interface UnifiedPushTarget {
  readonly type: 'unifiedpush';
  readonly endpoint: string;
  /** What a wake is encrypted with; without them it goes out as plain JSON (contract 4). */
  readonly keys?: WebPushKeys;
}

/** The public part of a Web Push subscription (RFC 8291), base64url without padding. */
export interface WebPushKeys {
  /** The client's P-256 point: 65 bytes, uncompressed. */
  readonly p256dh: string;
  /** 16 bytes, a secret of client and server. */
  readonly auth: string;
}

/** What the push service knows the device by: a secret of the device. */
export function addressOf(target: PushTarget): string {
  return target.type === 'fcm' ? target.token : target.endpoint;
}

/** Names the device, for what is kept by device in memory: a secret, as the address is. */
export function deviceOf(target: PushTarget): string {
  return `${target.type} ${addressOf(target)}`;
}

/** Whether two targets are one device: the same address at the same kind of push service. */
export function isSameDevice(a: PushTarget, b: PushTarget): boolean {
  return a.type === b.type && addressOf(a) === addressOf(b);
}

/** FCM tokens are 140–200 characters today and undocumented; the bound only keeps a registration small. */
const MAX_TOKEN_LENGTH = 4096;
/** The longest endpoint that the UnifiedPush specification (AND_3) allows, in bytes. */
const MAX_ENDPOINT_BYTES = 1000;

const PRINTABLE = /^[\x21-\x7e]+$/;
const URL_LIKE = /^[a-z][a-z0-9+.-]*:\/\/|^https?:/i;

export type TargetProblem = 'Invalid token' | 'Invalid endpoint';

/** Decides whether wakes may be sent to a UnifiedPush endpoint: its scheme and, where it names one, its address. */
export type EndpointPolicy = (endpoint: URL) => boolean;

/**
 * Tells an FCM token from a UnifiedPush endpoint (contract 1.1: an `http(s)` URL is an endpoint). Whatever looks
 * like a URL is never taken for a token, so that no endpoint can reach Google.
 *
 * @returns the target, or the contract's message for what is wrong with it
 */
export function parseTarget(token: string, allowsEndpoint: EndpointPolicy): PushTarget | TargetProblem {
  if (!URL_LIKE.test(token)) {
    const valid = token.length <= MAX_TOKEN_LENGTH && PRINTABLE.test(token);
    return valid ? { type: 'fcm', token } : 'Invalid token';
  }
  // URL.canParse first: the URL constructor's error would carry the text, which is a secret.
  if (!PRINTABLE.test(token) || token.includes('#') || !URL.canParse(token)) return 'Invalid endpoint';
  const endpoint = new URL(token);
  const { href, username, password } = endpoint;
  // Normalised, a URL is ASCII and can be longer than it was written.
  const fits = href.length <= MAX_ENDPOINT_BYTES && username === '' && password === '';
  return fits && allowsEndpoint(endpoint) ? { type: 'unifiedpush', endpoint: href } : 'Invalid endpoint';
}
