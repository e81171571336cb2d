/**
 * Variables of the contract that this version does not act on yet. Setting one is no mistake, but must not pass in
 * silence: the start names them.
 */
export const FUTURE_VARIABLES = [
  'SERVER_PRIVATE_KEY_PREVIOUS',
  'RATE_LIMIT_PER_MINUTE',
  'NOTIFY_RATE_PER_PUBKEY_PER_MIN',
  'NOTIFY_RATE_PER_IP_PER_MIN',
  'NOTIFY_TRUST_PROXY_HEADERS',
  'TRUST_PROXY',
  'TRUSTED_WHITELIST_ENABLED',
  'REGISTRATION_AUTH',
  'LOG_FILE',
] as const;
