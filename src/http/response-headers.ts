/**
 * On every answer. What comes from here is data for programs: no browser may show it as a page, guess another type, frame it,
 * or keep it (nor may a cache between: whether somebody asks for a key is nobody's business).
 */
export const RESPONSE_HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** For two years, where `PUBLIC_URL` says that there is TLS in front of us. */
export const STRICT_TRANSPORT = { 'strict-transport-security': 'max-age=63072000' } as const;
