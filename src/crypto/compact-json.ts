const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** JSON without the white space between its tokens. Strings stay as they were written, escapes included. */
export function compactJson(json: Uint8Array): Buffer {
  const compact = Buffer.alloc(json.length);
  let length = 0;
  let isInString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number;
    if (!isInString && byte <= SPACE) continue;
    compact[length++] = byte;
    if (byte === QUOTE) isInString = !isInString;
    // The escaped character is taken with its backslash: an escaped quotation mark ends nothing.
    else if (isInString && byte === BACKSLASH && at + 1 < json.length)
      compact[length++] = json[++at] as number;
  }
  return compact.subarray(0, length);
}
