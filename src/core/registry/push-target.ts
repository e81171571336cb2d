import { unreachable } from '../basics/unreachable.ts';
import { isFcmToken } from './fcm-token.ts';

export const PLATFORMS = ['android', 'ios', 'webpush'] as const;

/** The system of a device, as a client names it; `webpush` for a Web Push subscription (contract 1.1). */
export type Platform = (typeof PLATFORMS)[number];

/** The address of a device at its push service. No wake goes through another push service than that of its target (contract 4). */
export type PushTarget = FcmTarget | UnifiedPushTarget;

/** A kind of push service. A UnifiedPush endpoint is one kind, whatever push server it is at. */
export type PushService = PushTarget['type'];

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
  /** Whether registrations with other keys have the same endpoint at this moment: a wake must not replace one of theirs. */
  readonly sharesEndpoint?: true;
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
  switch (target.type) {
    case 'fcm':
      return target.token;
    case 'unifiedpush':
      return target.endpoint;
    default:
      return unreachable(target);
  }
}

/**
 * Names the device, for what is kept by device in memory: a secret, as the address is. A device is its address with the Web
 * Push keys that its wakes are encrypted with: two registrations that bring different keys for one endpoint are two devices,
 * so that neither can read, delay or replace what is for the other (contract 1.1).
 */
export function deviceOf(target: PushTarget): string {
  const keys = keysOf(target);
  const address = `${target.type} ${addressOf(target)}`;
  return keys === undefined ? address : `${address} ${keys.p256dh} ${keys.auth}`;
}

/** Whether two targets are one device: the same address at the same kind of push service, and the same Web Push keys, if any. */
export function isSameDevice(a: PushTarget, b: PushTarget): boolean {
  if (!isSameAddress(a, b)) return false;
  const [some, others] = [keysOf(a), keysOf(b)];
  return some?.p256dh === others?.p256dh && some?.auth === others?.auth;
}

/** Whether two targets are one address at one kind of push service, whatever their Web Push keys are. */
export function isSameAddress(a: PushTarget, b: PushTarget): boolean {
  return a.type === b.type && addressOf(a) === addressOf(b);
}

/** The keys that wakes for the target are encrypted with, if any. */
export function keysOf(target: PushTarget): WebPushKeys | undefined {
  switch (target.type) {
    case 'fcm':
      return undefined;
    case 'unifiedpush':
      return target.keys;
    default:
      return unreachable(target);
  }
}

/**
 * How a trade key is reached once it has been registered again. A registration that brings no Web Push keys leaves those that
 * the same trade key has brought before for the same endpoint: many push servers refuse a wake in the clear, and one that
 * the app cannot read still wakes it.
 */
export function renewedTarget(held: PushTarget, registered: PushTarget): PushTarget {
  return keysOf(registered) === undefined && isSameAddress(held, registered) ? held : registered;
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
  switch (target.type) {
    case 'fcm':
      return isFcmToken(target.token);
    case 'unifiedpush':
      return true;
    default:
      return unreachable(target);
  }
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
