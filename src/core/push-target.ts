import { isFcmToken } from './fcm-token.ts';

/** The system of a device, as a client names it; `webpush` for a Web Push subscription (contract 1.1). */
export type Platform = 'android' | 'ios' | 'webpush';

/** Where a wake goes. The type alone decides which provider carries it: there is no falling back to another (contract 4). */
export type PushTarget = FcmTarget | UnifiedPushTarget;

/** A Firebase registration token: opaque, of the alphabet that `isFcmToken` checks. */
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

/**
 * How a device is to be reached once it has been registered again. The newest Web Push keys count; a registration without
 * any leaves those that are there, because a wake that the app cannot read still wakes it, and one in the clear is refused
 * by many push servers.
 */
export function renewedTarget(held: PushTarget, registered: PushTarget): PushTarget {
  const hasKeys = registered.type === 'unifiedpush' && registered.keys !== undefined;
  return hasKeys ? registered : held;
}

/** The longest endpoint that the UnifiedPush specification (AND_3) allows, in bytes. */
const MAX_ENDPOINT_BYTES = 1000;

const PRINTABLE = /^[\x21-\x7e]+$/;
/** A scheme may be written in any case (RFC 3986, 3.1). */
const ENDPOINT = /^https?:\/\//i;
/** Kinds of device that this server has no provider for: a Firebase installation id, a device token of Apple's. */
const OTHER_PROVIDERS = /^(?:fid|apns):/i;

export type TargetProblem = 'Invalid token' | 'Invalid endpoint' | 'Push provider not enabled';

/** Decides whether wakes may be sent to a UnifiedPush endpoint: its scheme and, where it names one, its address. */
export type EndpointPolicy = (endpoint: URL) => boolean;

/**
 * Tells by how a token begins which push service it belongs to (contract 1.1): `http://` and `https://` a UnifiedPush
 * endpoint; `fid:` and `apns:` a service that is not enabled; all else is an FCM token, or invalid.
 *
 * @returns the target, or the contract's message for what is wrong with it
 */
export function parseTarget(token: string, allowsEndpoint: EndpointPolicy): PushTarget | TargetProblem {
  if (ENDPOINT.test(token)) {
    const endpoint = parseEndpoint(token, allowsEndpoint);
    return endpoint === undefined ? 'Invalid endpoint' : { type: 'unifiedpush', endpoint };
  }
  if (OTHER_PROVIDERS.test(token)) return 'Push provider not enabled';
  return isFcmToken(token) ? { type: 'fcm', token } : 'Invalid token';
}

/** Whether a target that was kept may be used: an earlier version took more for an FCM token than is one. */
export function isUsable(target: PushTarget): boolean {
  return target.type !== 'fcm' || isFcmToken(target.token);
}

/** @returns the endpoint as a normalised URL, or `undefined` where it is none or not allowed */
export function parseEndpoint(text: string, allowsEndpoint: EndpointPolicy): string | undefined {
  // URL.canParse first: the URL constructor's error would carry the text, which is a secret.
  if (!PRINTABLE.test(text) || text.includes('#') || !URL.canParse(text)) return undefined;
  const endpoint = new URL(text);
  const { href, username, password } = endpoint;
  // Normalised, a URL is ASCII and can be longer than it was written.
  const fits = href.length <= MAX_ENDPOINT_BYTES && username === '' && password === '';
  return fits && allowsEndpoint(endpoint) ? href : undefined;
}
