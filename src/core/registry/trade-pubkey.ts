/** The x-only public key of one trade: 64 lower-case hex characters. Never a user's identity key. */
export type TradePubkey = string & { readonly __brand: 'TradePubkey' };

/** The length of a key as text. */
export const KEY_DIGITS = 64;

const HEX_64 = /^[0-9a-fA-F]{64}$/;

/**
 * Reads a trade pubkey, in upper or lower case (contract 1.1). Whether it is a point on the curve is not checked, as in the Rust server:
 * a key that is not a point never receives an event.
 *
 * @returns the key in lower case, or `undefined` when the text is not 64 hex characters
 */
export function parseTradePubkey(text: unknown): TradePubkey | undefined {
  return typeof text === 'string' && HEX_64.test(text) ? (text.toLowerCase() as TradePubkey) : undefined;
}
