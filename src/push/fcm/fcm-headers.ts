import type { OutgoingHttpHeaders } from 'node:http2';

import type { Secret } from '../../core/basics/secret.ts';
import { fcmPath } from './fcm-path.ts';

/** The headers of `messages:send`, made once for each access token. */
export class FcmHeaders {
  readonly #base: URL;
  #token: Secret<string> | undefined;
  #headers: OutgoingHttpHeaders = {};

  /** @param base where FCM is */
  constructor(base: URL) {
    this.#base = base;
  }

  /** @param auth names the project that the token is for */
  with(token: Secret<string>, auth: { readonly projectId: string }): OutgoingHttpHeaders {
    if (token !== this.#token) {
      this.#token = token;
      this.#headers = {
        ':method': 'POST',
        ':path': fcmPath(this.#base, auth.projectId),
        authorization: `Bearer ${token.reveal()}`,
        'content-type': 'application/json',
      };
    }
    return this.#headers;
  }
}
