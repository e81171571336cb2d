/** A push host of the operator's own (`UNIFIEDPUSH_ALLOWED_HOSTS`), which may be on a private network. */
export interface AllowedHost {
  /** As in `URL.hostname`: in lower case, an IPv6 address in brackets. With `isWildcard` the part behind `*.`. */
  readonly name: string;
  /** Every name below `name`, and not `name` itself. */
  readonly isWildcard: boolean;
  /** The one port that may be used; absent: those that any endpoint may have, and 80. */
  readonly port: number | undefined;
}

/** Ends a name of one's own network. `*.` before any other single label would be a large part of the internet. */
const LOCAL_SUFFIX = /^(?:home|internal|lan|local|localdomain)$/;
const WRITTEN = /^(\*\.)?(\[[\d.:a-f]+\]|[^\s[\]/?#@:*%\\]+)(?::(\d{1,5}))?$/i;

/** Reads a host name, an address, or `*.` and a name, each with a port or without. @returns `undefined` for any other text */
export function parseAllowedHost(written: string): AllowedHost | undefined {
  const [, star, host = '', port] = WRITTEN.exec(written) ?? [];
  if (host === '' || !URL.canParse(`https://${host}`)) return undefined;
  const name = new URL(`https://${host}`).hostname.replace(/\.$/, '');
  const isAddress = name.startsWith('[') || /^[\d.]+$/.test(name);
  const isWildcard = star !== undefined;
  if (isWildcard && (isAddress || !(name.includes('.') || LOCAL_SUFFIX.test(name)))) return undefined;
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) return undefined;
  return { name, isWildcard, port: port === undefined ? undefined : Number(port) };
}

/** The host as an operator writes it. */
export function hostText({ isWildcard, name, port }: AllowedHost): string {
  return `${isWildcard ? '*.' : ''}${name}${port === undefined ? '' : `:${port}`}`;
}
