import type { OutgoingHttpHeaders } from 'node:http2';

import type { Secret } from '../../core/basics/secret.ts';

/** The headers of `messages:send`, built once for each access token. */
export class FcmHeaders {
  readonly #base: URL;
  readonly #userAgent: string;
  #token: Secret<string> | undefined;
  #headers: OutgoingHttpHeaders = {};

  /**
   * @param base FCM's base URL
   * @param userAgent the `User-Agent` of every request
   */
  constructor(base: URL, userAgent: string) {
    this.#base = base;
    this.#userAgent = userAgent;
  }

  /** @param auth the project that the token is for */
  with(token: Secret<string>, auth: { readonly projectId: string }): OutgoingHttpHeaders {
    if (token !== this.#token) {
      this.#token = token;
      this.#headers = {
        ':method': 'POST',
        ':path': fcmPath(this.#base, auth.projectId),
        authorization: `Bearer ${token.reveal()}`,
        'user-agent': this.#userAgent,
        'content-type': 'application/json',
      };
    }
    return this.#headers;
  }
}

/** The path that messages for a project are sent to, below the base URL's own path. */
function fcmPath(base: URL, projectId: string): string {
  return `${base.pathname.replace(/\/$/, '')}/v1/projects/${encodeURIComponent(projectId)}/messages:send`;
}
