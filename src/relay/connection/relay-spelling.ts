/**
 * How a relay's URL is written in answers to its challenges (NIP-42): as it was configured or named, until the relay refuses that. Some
 * relays compare it with their own URL character by character, and often it has a trailing slash in one place and none in the other.
 */
export class RelaySpelling {
  #written: string;
  #url: string;
  #other: string;

  /** @param written the URL as it was configured or named */
  constructor(written: string) {
    this.#written = written;
    this.#url = withoutCredentials(written);
    this.#other = otherSpelling(written);
  }

  /** The URL is configured anew. @returns whether it is written in another way than before */
  rewrite(written: string): boolean {
    if (written === this.#written) return false;
    this.#written = written;
    this.#url = withoutCredentials(written);
    this.#other = otherSpelling(written);
    return true;
  }

  /** The URL for the next answer. */
  get url(): string {
    return this.#url;
  }

  /** The relay has refused this spelling. The next answer, on any connection, has the other one. */
  change(): void {
    [this.#url, this.#other] = [this.#other, this.#url];
  }
}

/** The user and the password must not be in an event. */
function withoutCredentials(url: string): string {
  return url.replace(/^([^/]*\/\/)[^/?#]*@/, '$1');
}

/** The URL in its usual form (host in lower case, no default port), with a trailing slash if it was written without, and the other way round. */
function otherSpelling(written: string): string {
  const { host, pathname, protocol, search } = new URL(written);
  const [beforeQuery = ''] = written.split('?', 1);
  const path = pathname.replace(/\/$/, '');
  return `${protocol}//${host}${path}${beforeQuery.endsWith('/') ? '' : '/'}${search}`;
}
