import { z } from 'zod';

import { unreachable } from '../core/basics/unreachable.ts';
import { parseJson } from '../core/basics/parse-json.ts';
import {
  FID,
  parseTarget,
  type Platform,
  type PushService,
  type PushTarget,
  type TargetProblem,
} from '../core/registry/push-target.ts';
import type { OpenToken, TokenContent } from '../core/registry/token-content.ts';
import { WAKE_POLICIES, type Registration, type WakePolicyName } from '../core/registry/registration.ts';
import { parseTradePubkey, type TradePubkey } from '../core/registry/trade-pubkey.ts';
import { parseSubscription, type SubscriptionRules } from '../core/registry/web-push-subscription.ts';
import { ApiError, type DescribedFailure } from './api-error.ts';

export interface RegistrationRules extends SubscriptionRules {
  readonly openToken: OpenToken;
  /** The lengths that a sealed token may have, in bytes. The first one is named in the error message. */
  readonly sealedTokenSizes: readonly number[];
  /** `ALLOW_PLAINTEXT_TOKENS`. */
  readonly allowPlaintextTokens: boolean;
  /** The push services that are switched on. */
  readonly enabled: ReadonlySet<PushService>;
  /** The wake policies that a client may name: the server's own, and those that it offers. */
  readonly wakePolicies: ReadonlySet<WakePolicyName>;
  /** The tag that is stored in place of the instance's public key (`Registration.instance`). */
  readonly tagOf: (tradePubkey: TradePubkey, instance: string) => number;
  /** Only clients of these Mostro instances may register; `undefined`: clients of every instance. */
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

/** The body of `POST /api/unregister` and `POST /api/notify`. A registration has this field too. */
export const TradePubkeyBody = z.object({
  trade_pubkey: key('Invalid trade_pubkey format (expected 64 hex characters)'),
});

const Instance = z.object({
  mostro_pubkey: key('Invalid mostro_pubkey format (expected 64 hex characters)')
    .nullish()
    .describe(
      'The Mostro instance that the client trades with: its signed messages are vouched for this key.',
    ),
});

const WakePolicy = z.object({
  wake_policy: z
    .enum(WAKE_POLICIES, 'Wake policy not offered')
    .nullish()
    .describe(
      'When the device is to be woken, if not by the policy of the server: one of `wake_policies_offered` of `/api/info`. The newest registration of a device decides for the device.',
    ),
});

const CONVERSATION = 'conversation';

/** The fields that every shape of a registration has. */
const CommonFields = TradePubkeyBody.extend(Instance.shape)
  .extend(WakePolicy.shape)
  .extend({
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
    // Node decodes any text. Only standard base64 comes out of the encoder unchanged.
    if (bytes.toString('base64') === text) return bytes;
    context.addIssue({ code: 'custom', message: INVALID_BASE64 });
    return z.NEVER;
  }),
});

const anyPlatform = z
  .string('Invalid platform identifier')
  .toLowerCase()
  .pipe(z.enum(['android', 'ios', 'web'], 'Invalid platform identifier'));
const PlainToken = z.object({
  token: z.string('Invalid token').min(1, 'Invalid token'),
  platform: anyPlatform,
});
/** A Firebase Installation ID in the place of a token. */
const PlainInstallation = z.object({
  fid: z
    .string('Invalid token')
    .regex(/^[\w-]{22}$/, 'Invalid token')
    .transform((id) => `${FID}${id}`),
  platform: anyPlatform,
});

// `parseSubscription` checks the parts of a subscription.
const part = z.unknown().optional();
const keys = { p256dh: part, auth: part };
/** The JSON of the W3C's `PushSubscription`. */
const Subscription = z.object({
  subscription: z.object({ endpoint: part, keys: z.object(keys).catch({}) }, 'Invalid token'),
});
/** The JSON inside a sealed token (contract 3.2). The keys stand beside the endpoint, or in `keys` as a browser writes them. */
const SealedSubscription = z.object({
  subscription: z.object(
    { endpoint: part, ...keys, keys: z.object(keys).optional().catch(undefined) },
    'Invalid token',
  ),
});

/** The device of a registration as the body writes it. The fields decide the shape. */
type WrittenDevice =
  | { readonly shape: 'sealed'; readonly sealed: Uint8Array }
  | { readonly shape: 'plain'; readonly content: TokenContent }
  | { readonly shape: 'subscription'; readonly subscription: z.output<typeof Subscription>['subscription'] };

interface Device {
  readonly target: PushTarget | TargetProblem;
  readonly platform: Platform;
}

/**
 * The body of `POST /api/register` for the API's description. {@link parseRegistration} reads the same schemas one by one, because the
 * shape decides which error a client gets; a test compares the two.
 */
export const RegistrationBody = z.union([
  CommonFields.extend(SealedToken.shape),
  CommonFields.extend(PlainToken.shape),
  CommonFields.extend(PlainInstallation.shape),
  CommonFields.extend(Subscription.shape),
]);

/** The messages of all errors of {@link parseRegistration}. */
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
  'Wake policy not offered',
  'Mostro instance pubkey required',
  'Mostro instance not trusted',
] as const satisfies readonly DescribedFailure[];

/** @throws ApiError with the message of the first field that is wrong */
function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const result = schema.safeParse(isObject ? body : {});
  if (result.success) return result.data;
  throw new ApiError(result.error.issues[0]?.message ?? 'Bad request', 400);
}

/**
 * Reads the trade key of a body: of register, unregister and notify.
 *
 * @throws ApiError with the contract's message
 */
export function readTradePubkey(body: unknown): TradePubkey {
  return parse(TradePubkeyBody, body).trade_pubkey;
}

/**
 * Reads everything of a body of `POST /api/register` but its trade key.
 *
 * The order is the incumbent's: first what the body is, then whether its instance is trusted, and cryptography last.
 *
 * @param tradePubkey from {@link readTradePubkey}
 * @throws ApiError with the contract's message
 */
export function parseRegistration(
  tradePubkey: TradePubkey,
  body: unknown,
  rules: RegistrationRules,
): { target: PushTarget; platform: Platform } & Pick<
  Registration,
  'instance' | 'isConversation' | 'wakePolicy'
> {
  const instance = has(body, 'mostro_pubkey') ? parse(Instance, body).mostro_pubkey : undefined;
  const written = readWrittenDevice(body, rules);
  requireTrusted(instance ?? undefined, rules);
  const wakePolicy = has(body, 'wake_policy') ? readWakePolicy(body, rules) : undefined;
  const { target, platform } = openDevice(written, rules);
  if (typeof target === 'string') throw ApiError.of(target);
  if (!rules.enabled.has(target.type)) throw ApiError.of('Push provider not enabled');
  const isConversation = (body as Readonly<Record<string, unknown>>)['kind'] === CONVERSATION;
  return {
    target,
    platform,
    ...(instance && { instance: rules.tagOf(tradePubkey, instance) }),
    ...(isConversation && { isConversation }),
    ...(wakePolicy !== undefined && { wakePolicy }),
  };
}

/**
 * Reads the fields of the device, without any cryptography. The fields decide the shape (contract 1.1): a body with `encrypted_token` is
 * sealed, a body with `subscription` is a Web Push subscription, any other body has a plain token, or a `fid` in its place.
 */
function readWrittenDevice(body: unknown, rules: RegistrationRules): WrittenDevice {
  if (has(body, 'encrypted_token')) return { shape: 'sealed', sealed: readSealed(body, rules) };
  if (!rules.allowPlaintextTokens) throw ApiError.of('Plaintext tokens are disabled, send encrypted_token');
  if (has(body, 'subscription'))
    return { shape: 'subscription', subscription: parse(Subscription, body).subscription };
  if (!has(body, 'fid')) return { shape: 'plain', content: parse(PlainToken, body) };
  const installation = parse(PlainInstallation, body);
  return { shape: 'plain', content: { platform: installation.platform, token: installation.fid } };
}

/** Checks the device, and opens it if it is sealed: the expensive part of a registration. */
function openDevice(written: WrittenDevice, rules: RegistrationRules): Device {
  switch (written.shape) {
    case 'sealed':
      return open(written.sealed, rules);
    case 'plain':
      return deviceOf(written.content, rules);
    case 'subscription': {
      const { endpoint, keys: parts } = written.subscription;
      return { target: parseSubscription({ endpoint, ...parts }, rules), platform: 'webpush' };
    }
  }
}

function requireTrusted(instance: string | undefined, { trustedInstances }: RegistrationRules): void {
  if (trustedInstances === undefined) return;
  if (instance === undefined) throw ApiError.of('Mostro instance pubkey required');
  if (!trustedInstances.has(instance)) throw ApiError.of('Mostro instance not trusted');
}

function readWakePolicy(body: unknown, { wakePolicies }: RegistrationRules): WakePolicyName | undefined {
  const asked = parse(WakePolicy, body).wake_policy ?? undefined;
  if (asked !== undefined && !wakePolicies.has(asked)) throw ApiError.of('Wake policy not offered');
  return asked;
}

/** Whether the body has a field. `null` counts as absent: some clients write every field that they know. */
function has(body: unknown, field: string): boolean {
  const value = (body as Readonly<Record<string, unknown>>)[field];
  return value !== undefined && value !== null;
}

function readSealed(body: unknown, rules: RegistrationRules): Uint8Array {
  const { encrypted_token: sealed } = parse(SealedToken, body);
  const [usualSize = 0] = rules.sealedTokenSizes;
  if (!rules.sealedTokenSizes.includes(sealed.length)) throw ApiError.tokenSize(usualSize, sealed.length);
  return sealed;
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
    case 'web':
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
