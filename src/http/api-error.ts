import { SECOND_MS } from '../core/basics/clock.ts';

/** All error messages of the public API, with their status (contract 1). Clients see these exact texts. */
const FAILURES = {
  'Invalid trade_pubkey format (expected 64 hex characters)': 400,
  'Invalid mostro_pubkey format (expected 64 hex characters)': 400,
  'Invalid base64 encoding in encrypted_token': 400,
  'Failed to decrypt token': 400,
  'Invalid platform identifier': 400,
  'Invalid token': 400,
  'Invalid endpoint': 400,
  'Plaintext tokens are disabled, send encrypted_token': 400,
  'Push provider not enabled': 400,
  'Wake policy not offered': 400,
  'Malformed JSON': 400,
  'Bad request': 400,
  'Invalid authorization': 401,
  'Mostro instance pubkey required': 403,
  'Mostro instance not trusted': 403,
  'Not found': 404,
  'Not registered': 404,
  'Method not allowed': 405,
  'Request timeout': 408,
  'Request body too large': 413,
  'Unsupported content type (expected application/json)': 415,
  'rate limited': 429,
  'Request header fields too large': 431,
  'Internal error': 500,
  'Registration capacity reached': 503,
  'Registration store unavailable': 503,
} as const;

/** A 401 names the scheme that the client must use (RFC 9110). */
const CHALLENGE = { 'www-authenticate': 'Nostr' };

export type FailureMessage = keyof typeof FAILURES;
export type DescribedFailure = FailureMessage | typeof TOKEN_SIZE.message;

/** The one message with numbers in it. The API's description gives a pattern for it. */
const TOKEN_SIZE = {
  message: 'Invalid encrypted token size (expected N bytes, got N)',
  status: 400,
  pattern: '^Invalid encrypted token size \\(expected \\d+ bytes, got \\d+\\)$',
} as const;

/** Groups failures by status, for the API's description. */
export function messagesByStatus(
  messages: readonly DescribedFailure[],
): ReadonlyMap<number, { messages: string[]; pattern?: string }> {
  const byStatus = new Map<number, { messages: string[]; pattern?: string }>();
  for (const message of messages) {
    const isPattern = message === TOKEN_SIZE.message;
    const status = isPattern ? TOKEN_SIZE.status : FAILURES[message];
    const known = byStatus.get(status) ?? { messages: [] };
    if (isPattern) known.pattern = TOKEN_SIZE.pattern;
    else known.messages.push(message);
    byStatus.set(status, known);
  }
  return byStatus;
}

/** Ends a request with a failure of the contract. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly statusCode: number;
  /** Extra headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(message: string, statusCode: number, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.statusCode = statusCode;
    this.headers = headers;
  }

  static of(message: FailureMessage): ApiError {
    return new ApiError(message, FAILURES[message], FAILURES[message] === 401 ? CHALLENGE : {});
  }

  /** The same 429 for every limit (contract 1.2). @param waitMs milliseconds until the next request is allowed */
  static rateLimited(waitMs: number): ApiError {
    const seconds = Math.max(1, Math.ceil(waitMs / SECOND_MS));
    return new ApiError('rate limited', FAILURES['rate limited'], { 'retry-after': String(seconds) });
  }

  /** {@link TOKEN_SIZE} with its numbers. */
  static tokenSize(expected: number, actual: number): ApiError {
    return new ApiError(`Invalid encrypted token size (expected ${expected} bytes, got ${actual})`, 400);
  }

  get body(): { success: false; message: string } {
    return { success: false, message: this.message };
  }
}
