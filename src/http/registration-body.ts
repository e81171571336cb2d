import { z } from 'zod';

import { unreachable } from '../core/basics/unreachable.ts';
import { parseJson } from '../core/basics/parse-json.ts';
import {
  parseTarget,
  type Platform,
  type PushService,
  type PushTarget,
  type TargetProblem,
} from '../core/registry/push-target.ts';
import type { OpenToken, TokenContent } from '../core/registry/token-content.ts';
import type { Registration } from '../core/registry/registration.ts';
import { parseTradePubkey, type TradePubkey } from '../core/registry/trade-pubkey.ts';
import { parseSubscription, type SubscriptionRules } from '../core/registry/web-push-subscription.ts';
import { ApiError, type DescribedFailure } from './api-error.ts';

export interface RegistrationRules extends SubscriptionRules {
  readonly openToken: OpenToken;
  /** The lengths that a sealed token may have, in bytes, the usual one first. */
  readonly sealedTokenSizes: readonly number[];
  /** `ALLOW_PLAINTEXT_TOKENS`. */
  readonly allowPlaintextTokens: boolean;
  /** The providers that are switched on. */
  readonly enabled: ReadonlySet<PushService>;
  /** What is kept of the instance that a client names for a trade key (`Registration.instance`). */
  readonly tagOf: (tradePubkey: TradePubkey, instance: string) => number;
  /** The Mostro instances whose clients alone may register; `undefined`: any. */
  readonly trustedInstances: ReadonlySet<string> | undefined;
}

const key = (message: string): z.ZodType<TradePubkey, string> =>
  z
    .string(message)
    .transform((text, context) => {
      const parsed = parseTradePubkey(text);
      if (parsed === undefined) context.addIssue({ code: 'custom', message });
      return parsed ?? z.NEVER;
    })
    .meta({ pattern: '^[0-9a-fA-F]{64}$' });

export const UnregistrationBody = z.object({
  trade_pubkey: key('Invalid trade_pubkey format (expected 64 hex characters)'),
});

const Instance = z.object({
  mostro_pubkey: key('Invalid mostro_pubkey format (expected 64 hex characters)')
    .nullish()
    .describe(
      'The Mostro instance that the client trades with: its signed messages are vouched for this key.',
    ),
});

const CONVERSATION = 'conversation';

const RegistrationKeys = UnregistrationBody.extend(Instance.shape).extend({
  kind: z
    .literal(CONVERSATION)
    .nullish()
    .describe(
      'Only for the key of a chat: a kind 14 for it may have any author. Other values count as left out.',
    ),
});

const INVALID_BASE64 = 'Invalid base64 encoding in encrypted_token';
const SealedToken = z.object({
  encrypted_token: z.string(INVALID_BASE64).transform((text, context) => {
    const bytes = Buffer.from(text, 'base64');
    // Node decodes whatever it is given; what does not come out again as it went in was no standard base64.
    if (bytes.toString('base64') === text) return bytes;
    context.addIssue({ code: 'custom', message: INVALID_BASE64 });
    return z.NEVER;
  }),
});

const PlainToken = z.object({
  token: z.string('Invalid token').min(1, 'Invalid token'),
  platform: z
    .string('Invalid platform identifier')
    .toLowerCase()
    .pipe(z.enum(['android', 'ios'], 'Invalid platform identifier')),
});

// What the parts of a subscription are worth is for `parseSubscription` to say.
const part = z.unknown().optional();
const keys = { p256dh: part, auth: part };
/** The JSON of the W3C's `PushSubscription`. */
const Subscription = z.object({
  subscription: z.object({ endpoint: part, keys: z.object(keys).catch({}) }, 'Invalid token'),
});
/** The JSON that is sealed (contract 3.2): the keys beside the endpoint, or in `keys` as a browser writes them. */
const SealedSubscription = z.object({
  subscription: z.object(
    { endpoint: part, ...keys, keys: z.object(keys).optional().catch(undefined) },
    'Invalid token',
  ),
});

/** What a client says that its device is reached by, and runs. */
interface Device {
  readonly target: PushTarget | TargetProblem;
  readonly platform: Platform;
}
/** The body of `POST /api/register`, for the API's description. */
export const RegistrationBody = z.union([
  RegistrationKeys.extend(SealedToken.shape),
  RegistrationKeys.extend(PlainToken.shape),
  RegistrationKeys.extend(Subscription.shape),
]);

/** What {@link parseRegistration} may find wrong. */
export const REGISTRATION_FAILURES = [
  'Invalid trade_pubkey format (expected 64 hex characters)',
  'Invalid mostro_pubkey format (expected 64 hex characters)',
  'Invalid base64 encoding in encrypted_token',
  'Invalid encrypted token size (expected N bytes, got N)',
  'Failed to decrypt token',
  'Invalid platform identifier',
  'Invalid token',
  'Invalid endpoint',
  'Plaintext tokens are disabled, send encrypted_token',
  'Push provider not enabled',
  'Mostro instance pubkey required',
  'Mostro instance not trusted',
] as const satisfies readonly DescribedFailure[];

/** Every field's failure is an answer of the contract; the first one is given. */
function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const result = schema.safeParse(isObject ? body : {});
  if (result.success) return result.data;
  throw new ApiError(result.error.issues[0]?.message ?? 'Bad request', 400);
}

/**
 * Reads the device and the names that a body of `POST /api/register` brings for its trade key, which {@link parseUnregistration} has read.
 * The fields tell the shape (contract 1.1): a body with `encrypted_token` is sealed, one with `subscription` is a Web Push subscription, any
 * other has a plain token.
 *
 * @throws ApiError with the contract's message
 */
export function parseRegistration(
  tradePubkey: TradePubkey,
  body: unknown,
  rules: RegistrationRules,
): { target: PushTarget; platform: Platform } & Pick<Registration, 'instance' | 'isConversation'> {
  const instance = has(body, 'mostro_pubkey') ? parse(Instance, body).mostro_pubkey : undefined;
  const read = readDevice(body, rules);
  // In the incumbent's order: what the body is, then for whom. Before any cryptography.
  requireTrusted(instance ?? undefined, rules);
  const { target, platform } = read();
  if (typeof target === 'string') throw ApiError.of(target);
  if (!rules.enabled.has(target.type)) throw ApiError.of('Push provider not enabled');
  const isConversation = (body as Readonly<Record<string, unknown>>)['kind'] === CONVERSATION;
  return {
    target,
    platform,
    ...(instance && { instance: rules.tagOf(tradePubkey, instance) }),
    ...(isConversation && { isConversation }),
  };
}

/**
 * Reads the body of `POST /api/unregister`.
 *
 * @throws ApiError with the contract's message
 */
export function parseUnregistration(body: unknown): TradePubkey {
  return parse(UnregistrationBody, body).trade_pubkey;
}

/** Reads all that costs nothing; what it returns does the rest. */
function readDevice(body: unknown, rules: RegistrationRules): () => Device {
  if (has(body, 'encrypted_token')) return readSealed(body, rules);
  if (!rules.allowPlaintextTokens) throw ApiError.of('Plaintext tokens are disabled, send encrypted_token');
  if (!has(body, 'subscription')) {
    const content = parse(PlainToken, body);
    return () => deviceOf(content, rules);
  }
  const { endpoint, keys: parts } = parse(Subscription, body).subscription;
  return () => ({ target: parseSubscription({ endpoint, ...parts }, rules), platform: 'webpush' });
}

function requireTrusted(instance: string | undefined, { trustedInstances }: RegistrationRules): void {
  if (trustedInstances === undefined) return;
  if (instance === undefined) throw ApiError.of('Mostro instance pubkey required');
  if (!trustedInstances.has(instance)) throw ApiError.of('Mostro instance not trusted');
}

/** A field that is `null` counts as left out: some clients write all that they know of. */
function has(body: unknown, field: string): boolean {
  const value = (body as Readonly<Record<string, unknown>>)[field];
  return value !== undefined && value !== null;
}

function readSealed(body: unknown, rules: RegistrationRules): () => Device {
  const { encrypted_token: sealed } = parse(SealedToken, body);
  // Before any cryptography: whoever sends the wrong size pays for it alone.
  const [usualSize = 0] = rules.sealedTokenSizes;
  if (!rules.sealedTokenSizes.includes(sealed.length)) throw ApiError.tokenSize(usualSize, sealed.length);
  return () => open(sealed, rules);
}

function open(sealed: Uint8Array, rules: RegistrationRules): Device {
  const opened = rules.openToken(sealed);
  if (typeof opened === 'string') throw ApiError.of(opened);
  return deviceOf(opened, rules);
}

function deviceOf({ platform, token }: TokenContent, rules: RegistrationRules): Device {
  switch (platform) {
    case 'android':
    case 'ios':
      return { target: parseTarget(token, rules.allowsEndpoint), platform };
    case 'webpush': {
      const { subscription } = parse(SealedSubscription, { subscription: parseJson(token) });
      const { endpoint, keys: parts = subscription } = subscription;
      const { p256dh, auth } = parts;
      return { target: parseSubscription({ endpoint, p256dh, auth }, rules), platform };
    }
    default:
      return unreachable(platform);
  }
}
