import { z } from 'zod';

import { parseTarget, type EndpointPolicy, type Platform, type PushTarget } from '../core/push-target.ts';
import type { OpenToken, TokenContent } from '../core/token-content.ts';
import { parseTradePubkey, type TradePubkey } from '../core/trade-pubkey.ts';
import { ApiError } from './api-error.ts';

export interface RegistrationRules {
  readonly openToken: OpenToken;
  /** The length of a sealed token, in bytes. */
  readonly sealedTokenBytes: number;
  /** `ALLOW_PLAINTEXT_TOKENS`. */
  readonly allowPlaintextTokens: boolean;
  readonly allowsEndpoint: EndpointPolicy;
  /** The providers that are switched on. */
  readonly enabled: ReadonlySet<PushTarget['type']>;
}

const key = (message: string): z.ZodType<TradePubkey> =>
  z.unknown().transform((text, context) => {
    const parsed = parseTradePubkey(text);
    if (parsed === undefined) context.addIssue({ code: 'custom', message });
    return parsed ?? z.NEVER;
  });

const UnregistrationBody = z.object({
  trade_pubkey: key('Invalid trade_pubkey format (expected 64 hex characters)'),
});

const RegistrationKeys = UnregistrationBody.extend({
  // Which Mostro instance the client trades with: checked here, used by the list of trusted instances.
  mostro_pubkey: key('Invalid mostro_pubkey format (expected 64 hex characters)').nullish(),
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
  token: z.string('Invalid token'),
  platform: z
    .string('Invalid platform identifier')
    .toLowerCase()
    .pipe(z.enum(['android', 'ios'], 'Invalid platform identifier')),
});

/** Every field's failure is an answer of the contract; the first one is given. */
function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const result = schema.safeParse(isObject ? body : {});
  if (result.success) return result.data;
  throw new ApiError(result.error.issues[0]?.message ?? 'Bad request', 400);
}

/**
 * Reads the body of `POST /api/register`. Its fields tell the shape (contract 1.1): with `encrypted_token` it is
 * sealed, else plain.
 *
 * @throws ApiError with the contract's message
 */
export function parseRegistration(
  body: unknown,
  rules: RegistrationRules,
): { tradePubkey: TradePubkey; target: PushTarget; platform: Platform } {
  const { trade_pubkey: tradePubkey } = parse(RegistrationKeys, body);
  const { token, platform } = isSealed(body) ? openSealed(body, rules) : readPlain(body, rules);
  const target = parseTarget(token, rules.allowsEndpoint);
  if (typeof target === 'string') throw ApiError.of(target);
  if (!rules.enabled.has(target.type)) throw ApiError.of('Push provider not enabled');
  return { tradePubkey, target, platform };
}

/**
 * Reads the body of `POST /api/unregister`.
 *
 * @throws ApiError with the contract's message
 */
export function parseUnregistration(body: unknown): TradePubkey {
  return parse(UnregistrationBody, body).trade_pubkey;
}

/** A field that is `null` counts as left out: some clients write all that they know of. */
function isSealed(body: unknown): boolean {
  const { encrypted_token: sealed } = body as { encrypted_token?: unknown };
  return sealed !== undefined && sealed !== null;
}

function openSealed(body: unknown, rules: RegistrationRules): TokenContent {
  const { encrypted_token: sealed } = parse(SealedToken, body);
  // Before any cryptography: whoever sends the wrong size pays for it alone.
  if (sealed.length !== rules.sealedTokenBytes)
    throw ApiError.tokenSize(rules.sealedTokenBytes, sealed.length);
  const opened = rules.openToken(sealed);
  if (typeof opened === 'string') throw ApiError.of(opened);
  return opened;
}

function readPlain(body: unknown, rules: RegistrationRules): TokenContent {
  if (!rules.allowPlaintextTokens) throw ApiError.of('Plaintext tokens are disabled, send encrypted_token');
  return parse(PlainToken, body);
}
