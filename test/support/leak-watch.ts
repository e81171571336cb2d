/** The form of everything that names someone: keys, ids and signatures, device tokens, endpoints, access tokens, sealed tokens. */
const SHAPES: Readonly<Record<string, RegExp>> = {
  'a key, an id or a signature': /[0-9a-f]{64,}/gi,
  'a key as npub': /npub1[02-9ac-hj-np-z]{58}/g,
  'a device token': /APA91b|token-of-/g,
  'an endpoint': /\/up\w+|\?up=1/g,
  'an access token': /ya29\.|eyJ[\w-]{20,}/g,
  'a sealed token': /[A-Za-z0-9+/]{200,}={0,2}/g,
};

/**
 * The parts of a text that have the form of a secret. The server's own public key is allowed (contract 8).
 *
 * @param own what is allowed: the server's public key, in its spellings
 */
export function leaksIn(text: string, own: readonly string[]): string[] {
  const said = own.reduce((rest, mine) => rest.replaceAll(mine, ''), text);
  return Object.entries(SHAPES).flatMap(([kind, shape]) =>
    [...said.matchAll(shape)].map(([found]) => `${kind}: ${found.slice(0, 12)}…`),
  );
}
