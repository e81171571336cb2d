import { DAY_MS, SECOND_MS } from '../core/basics/clock.ts';

type Headers = Readonly<Record<string, string>>;

/** Readable for a page beside the body. */
const EXPOSED: Headers = { 'access-control-expose-headers': 'Retry-After, X-Request-Id' };
const PREFLIGHT: Headers = {
  'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
  'access-control-allow-headers': 'Content-Type, Authorization',
  'access-control-max-age': String(DAY_MS / SECOND_MS),
};
/** Tells caches that the answer depends on the page that asks. */
const VARY: Headers = { vary: 'Origin' };
const NONE: Headers = {};

/**
 * Which web pages may call the API (the Fetch standard's CORS protocol). The headers depend on the `Origin` of the request alone, never on
 * its body. No page may send credentials.
 */
export class CrossOrigin {
  readonly #allowed: '*' | ReadonlySet<string>;
  /** The headers of every answer that does not allow a single origin. */
  readonly #usual: Headers;

  /** @param allowed `CORS_ALLOWED_ORIGINS`: origins as browsers write them, or all */
  constructor(allowed: '*' | readonly string[]) {
    this.#allowed = allowed === '*' ? allowed : new Set(allowed);
    if (allowed === '*') this.#usual = { 'access-control-allow-origin': '*', ...EXPOSED };
    else this.#usual = allowed.length === 0 ? NONE : VARY;
  }

  /** The headers of an answer to this `Origin`. */
  headersFor(origin: string | undefined): Headers {
    if (this.#allowed === '*' || !this.#isAllowed(origin)) return this.#usual;
    return { 'access-control-allow-origin': origin, ...EXPOSED, ...VARY };
  }

  /** The headers of the answer to a preflight, beside {@link headersFor}; `undefined` if this `Origin` may not call. */
  preflight(origin: string | undefined): Headers | undefined {
    return this.#isAllowed(origin) ? PREFLIGHT : undefined;
  }

  #isAllowed(origin: string | undefined): origin is string {
    return origin !== undefined && (this.#allowed === '*' || this.#allowed.has(origin));
  }
}
