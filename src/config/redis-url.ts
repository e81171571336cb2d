import { Secret } from '../core/basics/secret.ts';

/** Where the engine (Redis or Valkey) is, and who this server is there. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** `rediss://`. */
  readonly tls: boolean;
  /** Absent: the engine's user `default`. */
  readonly user: string | undefined;
  readonly password: Secret<string> | undefined;
  readonly database: number;
}

const FORM = 'redis://user:password@host:port/database, or rediss://';
/** What other programs take, and what to write here instead. */
const OTHERS: readonly (readonly [form: RegExp, advice: string])[] = [
  [/^valkeys?:/i, `Valkey is written redis:// or rediss://, too; expected ${FORM}`],
  [/^[\w+-]*sentinel/i, `Sentinel is not asked; expected the address of the primary: ${FORM}`],
  [/^(?:[\w+-]*(?:unix|socket):|\/)/i, `a socket in the file system does not work; expected ${FORM}`],
];
const DEFAULT_PORT = 6379;
const HOST = /^(?:[\w-]+(?:\.[\w-]+)*\.?|\[[\da-f:.]+\])$/i;
/** A number above it is a slip: engines have 16 databases, and rarely more. */
const LAST_DATABASE = 65_535;

/** Reads `REDIS_URL`. @returns the address, or the trouble in words that hold no character of the variable */
export function parseRedisUrl(written: string): RedisAddress | string {
  if (/[\s\p{C}]/u.test(written)) return 'a space or a line break is in it';
  const scheme = /^(rediss?):\/\//i.exec(written)?.[1]?.toLowerCase();
  if (scheme === undefined) return OTHERS.find(([form]) => form.test(written))?.[1] ?? `expected ${FORM}`;
  if (/[?#]/.test(written))
    return 'a ? or # is in it; in a password ? is written %3F, # is %23, / is %2F and @ is %40';
  // The last @ ends the password: a password may have one that is not written %40.
  const rest = written.slice(scheme.length + '://'.length);
  const end = rest.lastIndexOf('@');
  const credentials = end === -1 ? undefined : readCredentials(rest.slice(0, end));
  if (typeof credentials === 'string') return credentials;
  const place = readPlace(rest.slice(end + 1));
  return typeof place === 'string'
    ? place
    : { ...place, ...NOBODY, ...credentials, tls: scheme === 'rediss' };
}

type Credentials = Pick<RedisAddress, 'user' | 'password'>;
type Place = Pick<RedisAddress, 'host' | 'port' | 'database'>;

const NOBODY: Credentials = { user: undefined, password: undefined };

function readCredentials(written: string): Credentials | string {
  if (/[/@]/.test(written))
    return 'a / or @ is in the user or the password; there / is written %2F, @ is %40';
  const colon = written.indexOf(':');
  if (colon === -1 || colon === written.length - 1)
    return 'a user and no password is in it; expected user:password, or :password, before the @';
  const [user, password] = [decoded(written.slice(0, colon)), decoded(written.slice(colon + 1))];
  if (user === undefined || password === undefined)
    return 'a % is in the user or the password that begins no character; % is written %25';
  return { user: user === '' ? undefined : user, password: new Secret(password) };
}

function readPlace(written: string): Place | string {
  const [authority = '', path, ...more] = written.split('/');
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(authority) ?? [];
  if (authority.includes(',')) return 'several addresses are in it; expected one: a cluster does not work';
  if (/:.*:/.test(authority) && !authority.startsWith('['))
    return 'several colons are in its host; an IPv6 address is written in brackets: redis://[::1]:6379/0';
  if (!HOST.test(host)) return `no host, or not one, is in it; expected ${FORM}`;
  if (port !== undefined && !isWithin(port, 1, 65_535)) return 'its port is not a number from 1 to 65535';
  const database = path ?? '';
  if (more.length > 0 || (database !== '' && !isWithin(database, 0, LAST_DATABASE)))
    return 'its database is not a number: expected /0, /1 and so on at its end';
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? DEFAULT_PORT : Number(port),
    database: Number(database),
  };
}

function isWithin(written: string, least: number, most: number): boolean {
  return /^\d{1,5}$/.test(written) && Number(written) >= least && Number(written) <= most;
}

function decoded(written: string): string | undefined {
  try {
    return decodeURIComponent(written);
  } catch {
    return undefined;
  }
}
