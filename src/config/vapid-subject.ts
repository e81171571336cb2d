/** One address, without the display name or the headers that a `mailto:` may have: what push services accept. */
const MAILTO = /^mailto:[^\s@<>?,:]+@[^\s@<>?,:]+\.[^\s@<>?,:.]+$/i;

/**
 * Reads whom a push service may write to about this server (RFC 8292, 2.1): a `mailto:` or an `https:` URL.
 *
 * @returns it as written, or `undefined` where it is neither
 */
export function parseVapidSubject(written: string): string | undefined {
  if (MAILTO.test(written)) return written;
  if (!/^https:\/\/\S+$/i.test(written) || !URL.canParse(written)) return undefined;
  const { username, password } = new URL(written);
  return username === '' && password === '' ? written : undefined;
}
