import type { OutgoingHttpHeaders } from 'node:http2';

import type { Secret } from '../../core/secret.ts';

/** The headers of `messages:send`, made once for each access token. */
export class FcmHeaders {
  readonly #path: string;
  #token: Secret<string> | undefined;
  #headers: OutgoingHttpHeaders = {};

  constructor(path: string) {
    this.#path = path;
  }

  with(token: Secret<string>): OutgoingHttpHeaders {
    if (token !== this.#token) {
      this.#token = token;
      this.#headers = {
        ':method': 'POST',
        ':path': this.#path,
        authorization: `Bearer ${token.reveal()}`,
        'content-type': 'application/json',
      };
    }
    return this.#headers;
  }
}
