/** An FCM token is base64url, with one colon in most tokens. */
const PACKABLE = /^[\w-]+(?::[\w-]+)?$/;
/** One byte says where the colon is. In every token seen so far it stands further to the front than this. */
const MAX_COLON = 254;
const NO_COLON = 255;
const COLON = ':';

/** Whether a text can be packed. Any other text must be stored as it is. */
export function isPackable(text: string): boolean {
  return PACKABLE.test(text) && text.indexOf(COLON) <= MAX_COLON;
}

/** Packs a text into three quarters of its length: one byte with the place of its colon, then its other characters decoded from base64url. */
export function pack(text: string): Buffer {
  const colon = text.indexOf(COLON);
  const others = colon < 0 ? text : text.slice(0, colon) + text.slice(colon + 1);
  // 'A' is six zero bits. Four characters are three bytes: filled up to whole groups, no bit of the last character is lost.
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
