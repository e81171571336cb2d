import {
  parseEndpoint,
  type EndpointPolicy,
  type TargetProblem,
  type UnifiedPushTarget,
  type WebPushKeys,
} from './push-target.ts';

/** A Web Push subscription as a client sent it: nothing of it is known to be right. */
export type SubscriptionContent = Readonly<Partial<Record<'endpoint' | 'p256dh' | 'auth', unknown>>>;

/** Reads the public part of a subscription's keys; `undefined` where they are none. */
export type ParseWebPushKeys = (p256dh: unknown, auth: unknown) => WebPushKeys | undefined;

export interface SubscriptionRules {
  readonly allowsEndpoint: EndpointPolicy;
  readonly parseKeys: ParseWebPushKeys;
}

/** @returns where the subscription's wakes go, or the contract's message for what is wrong with it */
export function parseSubscription(
  { endpoint, p256dh, auth }: SubscriptionContent,
  { allowsEndpoint, parseKeys }: SubscriptionRules,
): UnifiedPushTarget | TargetProblem {
  const url = typeof endpoint === 'string' ? parseEndpoint(endpoint, allowsEndpoint) : undefined;
  if (url === undefined) return 'Invalid endpoint';
  const keys = parseKeys(p256dh, auth);
  return keys === undefined ? 'Invalid token' : { type: 'unifiedpush', endpoint: url, keys };
}
