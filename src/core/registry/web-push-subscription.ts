import {
  parseEndpoint,
  type EndpointPolicy,
  type TargetProblem,
  type UnifiedPushTarget,
  type WebPushKeys,
} from './push-target.ts';

/** A Web Push subscription as a client sent it, unchecked. */
export type SubscriptionContent = Readonly<Partial<Record<'endpoint' | 'p256dh' | 'auth', unknown>>>;

/** Reads the public part of a subscription's keys; `undefined` if they are not valid keys. */
export type ParseWebPushKeys = (p256dh: unknown, auth: unknown) => WebPushKeys | undefined;

export interface SubscriptionRules {
  readonly allowsEndpoint: EndpointPolicy;
  readonly parseKeys: ParseWebPushKeys;
}

/** @returns the target of the subscription's wakes, or the contract's message for a subscription that is refused */
export function parseSubscription(
  { endpoint, p256dh, auth }: SubscriptionContent,
  { allowsEndpoint, parseKeys }: SubscriptionRules,
): UnifiedPushTarget | TargetProblem {
  const url = typeof endpoint === 'string' ? parseEndpoint(endpoint, allowsEndpoint) : undefined;
  if (url === undefined) return 'Invalid endpoint';
  const keys = parseKeys(p256dh, auth);
  return keys === undefined ? 'Invalid token' : { type: 'unifiedpush', endpoint: url, keys };
}
