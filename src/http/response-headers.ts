/**
 * The headers of every answer. Answers are data for programs: a browser must not show them as a page, guess another type or frame them.
 * Neither a browser nor a cache on the way may store them, because an answer tells that somebody asked about a key.
 */
export const RESPONSE_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Sent if `PUBLIC_URL` is https. Browsers then use TLS only, for two years. */
export const STRICT_TRANSPORT = { 'strict-transport-security': 'max-age=63072000' } as const;
