/** What FCM tokens are made of: base64url, and one colon in most. */
const PACKABLE = /^[\w-]+(?::[\w-]+)?$/;
/** A colon further on than a byte can say is in no token that was ever seen. */
const MAX_COLON = 254;
const NO_COLON = 255;
const COLON = ':';

/** Whether a text may be packed; any other is to be kept as it is. */
export function isPackable(text: string): boolean {
  return PACKABLE.test(text) && text.indexOf(COLON) <= MAX_COLON;
}

/** Packs a text into three quarters of its length: where its colon is, and what its other characters are in base64url. */
export function pack(text: string): Buffer {
  const colon = text.indexOf(COLON);
  const others = colon < 0 ? text : text.slice(0, colon) + text.slice(colon + 1);
  // Filled up with zeros to whole groups of four characters, so that no bit of the last one is lost.
  const padded = others.padEnd(4 * Math.ceil(others.length / 4), 'A');
  const packed = Buffer.allocUnsafe(1 + (padded.length / 4) * 3);
  packed[0] = colon < 0 ? NO_COLON : colon;
  packed.write(padded, 1, 'base64url');
  return packed;
}

/** @param length of the text, in characters */
export function unpack(packed: Buffer, length: number): string {
  const colon = packed[0] as number;
  const others = packed.toString('base64url', 1);
  if (colon === NO_COLON) return others.slice(0, length);
  return others.slice(0, colon) + COLON + others.slice(colon, length - 1);
}
