import { type Answer, httpExchange, type ReceivedRequest } from './http-exchange.ts';

const MEDIA_TYPE = 'application/nostr+json';

/** The NIP-11 document of a relay, served over HTTP, if it has one. */
export class RelayInformation {
  /** How often the document was asked for, whether there was one or not. */
  requests = 0;
  /** The `User-Agent` of the last request. */
  userAgent: string | undefined;
  readonly listener = httpExchange(async (request) => this.#answer(request));
  readonly #document: object | undefined;

  constructor(document: object | undefined) {
    this.#document = document;
  }

  #answer({ method, path, headers }: ReceivedRequest): Answer {
    if (method !== 'GET' || path !== '/' || headers.accept?.includes(MEDIA_TYPE) !== true) {
      return { status: 404, body: 'nothing but a relay' };
    }
    this.requests += 1;
    this.userAgent = headers['user-agent'];
    if (this.#document === undefined) return { status: 404, body: 'no information' };
    const wide = { 'access-control-allow-origin': '*' };
    return { status: 200, headers: { 'content-type': MEDIA_TYPE, ...wide }, body: this.#document };
  }
}
