import { membersOf, urlTrouble } from './variable.ts';

/** The web pages that may call the API: all, or those of these origins; none if the list is empty. */
export type AllowedOrigins = '*' | readonly string[];

/** Scheme, host and perhaps a port, as a browser writes an origin; a slash at the end is forgiven. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@,\\]+\/?$/i;

/**
 * Reads a list of origins, separated by commas or white space. `*` anywhere in it allows every origin.
 *
 * @returns `undefined` if a member is not an origin
 */
export function parseOrigins(written: string): AllowedOrigins | undefined {
  const origins = membersOf(written);
  if (origins.includes('*')) return '*';
  if (!origins.every((origin) => ORIGIN.test(origin) && URL.canParse(origin))) return undefined;
  return [...new Set(origins.map(asBrowsersWrite))];
}

/** An origin in lower case and without its scheme's own port. Schemes of apps (`tauri:`) have no origin in the URL standard. */
function asBrowsersWrite(written: string): string {
  const { origin } = new URL(written);
  return origin === 'null' ? written.replace(/\/$/, '').toLowerCase() : origin;
}

/** Why one of the members is no origin, if that can be told. */
export function originTrouble(written: string): string | undefined {
  const wrong = membersOf(written).find((origin) => !ORIGIN.test(origin));
  return wrong === undefined ? undefined : urlTrouble(wrong, 'https', 'http');
}
