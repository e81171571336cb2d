/**
 * Variables of the contract that this version does not act on yet. Setting one is no mistake, but must not pass in
 * silence: the start names them.
 */
export const FUTURE_VARIABLES = ['SERVER_PRIVATE_KEY_PREVIOUS'] as const;
