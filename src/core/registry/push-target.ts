import { unreachable } from '../basics/unreachable.ts';
import { isFcmToken, isInstallationId } from './fcm-token.ts';

export const PLATFORMS = ['android', 'ios', 'web', 'webpush'] as const;

/** The system of a device, as a client names it: `web` for a browser with an FCM token, `webpush` for a Web Push subscription (contract 1.1). */
export type Platform = (typeof PLATFORMS)[number];

/** The address of a device at its push service. No wake goes through another push service than that of its target (contract 4). */
export type PushTarget = FcmTarget | UnifiedPushTarget;

/** A kind of push service. A UnifiedPush endpoint is one kind, whatever push server it is at. */
export type PushService = PushTarget['type'];

/** A device of Firebase. */
export interface FcmTarget {
  readonly type: 'fcm';
  /**
   * The device's registration token, or its installation id behind {@link FID}. No registration token begins so (`isFcmToken`). What a
   * token means is known to Google only.
   */
  readonly token: string;
}

/** Begins the token of a target that is a Firebase Installation ID. Clients write it in any case. */
export const FID = 'fid:';

/** A UnifiedPush endpoint. Everyone who knows the URL can push to the device, so the whole URL is a secret. */
export interface UnifiedPushTarget {
  readonly type: 'unifiedpush';
  readonly endpoint: string;
  /** The keys that wakes are encrypted with. Without keys, a wake is plain JSON (contract 4). */
  readonly keys?: WebPushKeys;
  /** Whether registrations with other keys have the same endpoint at this moment. Then a wake must not replace a wake of another device. */
  readonly sharesEndpoint?: true;
}

/** The public part of a Web Push subscription (RFC 8291), base64url without padding. */
export interface WebPushKeys {
  /** The client's P-256 point: 65 bytes, uncompressed. */
  readonly p256dh: string;
  /** 16 bytes, a secret of client and server. */
  readonly auth: string;
}

/** The token or endpoint by which the push service knows the device: a secret. */
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
 * The name of the device in memory: a secret, because the address is in it. A device is its address together with its Web Push keys.
 * Two registrations with different keys for one endpoint are two devices: neither can read, delay or replace the other's wakes
 * (contract 1.1).
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

/** Whether two targets have the same address at the same kind of push service. Their Web Push keys may differ. */
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
 * The target of a trade key that is registered again. If the new registration has no Web Push keys and the same endpoint, the former
 * keys stay: many push servers refuse a wake that is not encrypted, and a wake that the app cannot read still wakes it.
 */
export function renewedTarget(former: PushTarget, registered: PushTarget): PushTarget {
  return keysOf(registered) === undefined && isSameAddress(former, registered) ? former : registered;
}

/** The longest endpoint that the UnifiedPush specification (AND_3) allows, in bytes. */
const MAX_ENDPOINT_BYTES = 1000;

const PRINTABLE = /^[\x21-\x7e]+$/;
/** A scheme may be written in any case (RFC 3986, 3.1). */
const ENDPOINT = /^https?:\/\//i;
/** A device token of Apple's: this server does not speak to Apple. */
const OTHER_PROVIDERS = /^apns:/i;

export type TargetProblem = 'Invalid token' | 'Invalid endpoint' | 'Push provider not enabled';

/** Whether wakes may be sent to a UnifiedPush endpoint, by its scheme and, if its host is an IP address, by that address. */
export type EndpointPolicy = (endpoint: URL) => boolean;

/**
 * Reads a token. Its beginning tells what it is (contract 1.1): `http://` and `https://` begin a UnifiedPush endpoint, `fid:` a Firebase
 * Installation ID, and `apns:` belongs to a service that is not enabled; every other text is an FCM token or invalid.
 *
 * @returns the target, or the contract's message for a token that is refused
 */
export function parseTarget(token: string, allowsEndpoint: EndpointPolicy): PushTarget | TargetProblem {
  if (ENDPOINT.test(token)) {
    const endpoint = parseEndpoint(token, allowsEndpoint);
    return endpoint === undefined ? 'Invalid endpoint' : { type: 'unifiedpush', endpoint };
  }
  if (OTHER_PROVIDERS.test(token)) return 'Push provider not enabled';
  const id = idIn(token);
  const fcm: FcmTarget = { type: 'fcm', token: id === undefined ? token : `${FID}${id}` };
  return isUsable(fcm) ? fcm : 'Invalid token';
}

/** What stands behind `fid:`, in any case; `undefined` if the token does not begin so. */
function idIn(token: string): string | undefined {
  return token.slice(0, FID.length).toLowerCase() === FID ? token.slice(FID.length) : undefined;
}

/** Whether a target may be used. An earlier version kept texts as FCM tokens that are none. */
export function isUsable(target: PushTarget): boolean {
  switch (target.type) {
    case 'fcm': {
      const id = idIn(target.token);
      return id === undefined ? isFcmToken(target.token) : isInstallationId(id);
    }
    case 'unifiedpush':
      return true;
    default:
      return unreachable(target);
  }
}

/** @returns the endpoint as a normalised URL, or `undefined` if it is not an endpoint or not allowed */
export function parseEndpoint(text: string, allowsEndpoint: EndpointPolicy): string | undefined {
  // URL.canParse first: the error of the URL constructor has the text in it, which is a secret.
  if (!PRINTABLE.test(text) || text.includes('#') || !URL.canParse(text)) return undefined;
  const endpoint = new URL(text);
  const { href, username, password } = endpoint;
  // A normalised URL is ASCII, and can be longer than the text.
  const fits = href.length <= MAX_ENDPOINT_BYTES && username === '' && password === '';
  return fits && allowsEndpoint(endpoint) ? href : undefined;
}
