const HEX_KEY = /^[0-9a-fA-F]{64}$/;
/** 32 bytes, or 64 hex characters with perhaps a line end, in base64 or base64url. */
const BASE64 = /^(?:[\w+/-]{43}=?|[\w+/-]{86,88}={0,2})$/;

/**
 * Reads a private key of 32 bytes as people write it: in hex, or in base64 as secrets of Kubernetes are; also in a file that has comments
 * and the name of the variable, as `keygen` prints it.
 *
 * @returns 64 hex characters in lower case, or what is wrong. That says nothing of the key but its length
 */
export function readKeyText(written: string): { readonly hex: string } | { readonly trouble: string } {
  const text = keyLine(written);
  if (HEX_KEY.test(text)) return { hex: text.toLowerCase() };
  const hex = BASE64.test(text) ? hexIn(Buffer.from(text, 'base64')) : undefined;
  return hex === undefined ? { trouble: troubleIn(text) } : { hex };
}

/** The one line with the key, without what editors and other tools put around it. */
function keyLine(written: string): string {
  const lines = written
    .replaceAll(/\\[nr]|[\uFEFF\u200B]/g, '\n')
    .split(/[\n\r]/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [line = ''] = lines;
  if (lines.length > 1) return lines.join('\n');
  return line.replace(/^(?:export\s+)?[A-Z_]+\s*=\s*/, '').replace(/^(["'])(.*)\1$/, '$2');
}

function hexIn(bytes: Buffer): string | undefined {
  if (bytes.length === 32) return bytes.toString('hex');
  const text = bytes.toString('latin1').trim();
  return HEX_KEY.test(text) ? text.toLowerCase() : undefined;
}

function troubleIn(text: string): string {
  if (text === '') return 'it is empty';
  if (/-----BEGIN/.test(text)) return 'it is a key in PEM';
  if (text.includes('\n')) return 'it has more than one line';
  if (/^nsec1/i.test(text)) return 'it is an nsec, which is the same key in another form';
  if (/^npub1/i.test(text)) return 'it is an npub, which is a public key';
  if (/^0x/i.test(text)) return 'it begins with 0x, which does not belong to it';
  const at = text.search(/[^0-9a-fA-F]/);
  if (at !== -1) return `its character ${at + 1} is not a hex digit`;
  return text.length === 66 && /^0[23]/.test(text)
    ? 'it has 66, as a public key has'
    : `it has ${text.length}`;
}
