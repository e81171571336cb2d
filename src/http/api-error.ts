/** Every failure that the public API answers with, and its status (contract 1). The message is the wire's, to the letter. */
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
  'Malformed JSON': 400,
  'Bad request': 400,
  'Not found': 404,
  'Method not allowed': 405,
  'Request timeout': 408,
  'Request body too large': 413,
  'Unsupported content type (expected application/json)': 415,
  'Request header fields too large': 431,
  'Internal error': 500,
  'Registration capacity reached': 503,
} as const;

export type FailureMessage = keyof typeof FAILURES;

/** A request that is answered with a failure of the contract. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly statusCode: number;

  constructor(message: string, statusCode: number) {
    super(message);
    this.statusCode = statusCode;
  }

  static of(message: FailureMessage): ApiError {
    return new ApiError(message, FAILURES[message]);
  }

  /** The one message that names a number. */
  static tokenSize(expected: number, actual: number): ApiError {
    return new ApiError(`Invalid encrypted token size (expected ${expected} bytes, got ${actual})`, 400);
  }

  get body(): { success: false; message: string } {
    return { success: false, message: this.message };
  }
}
