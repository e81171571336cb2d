import { stretched } from './patience.ts';

/** What the app calls itself on a system that it does not know. */
type AppPlatform = 'android' | 'ios' | 'web' | 'unknown';

/** The words in `data.type` that the app has an entry of its own for. */
const KNOWN_TYPES = new Set([
  'tradeUpdate',
  'orderTaken',
  'invoiceRequest',
  'paymentReceived',
  'ratingReceived',
  'dispute',
]);

/** The requests that the Mostro app for browsers and desktops (2.0.0) sends to a push server, and how it reads the answers and the pushes. */
export class MostroApp {
  readonly #serverUrl: string;
  readonly #token: string;
  readonly #platform: AppPlatform;

  constructor(options: { serverUrl: string; token: string; platform: AppPlatform }) {
    this.#serverUrl = options.serverUrl;
    this.#token = options.token;
    this.#platform = options.platform;
  }

  /** It asks for no health first, names no node, and does not try again. */
  register(tradePubkey: string): Promise<boolean> {
    return this.#post('register', {
      trade_pubkey: tradePubkey,
      token: this.#token,
      platform: this.#platform,
    });
  }

  unregister(tradePubkey: string): Promise<boolean> {
    return this.#post('unregister', { trade_pubkey: tradePubkey, token: this.#token });
  }

  /** What the open app shows for a push: the entry of its type, or one that says no more than that something came. */
  static entryFor(type: string): string {
    return KNOWN_TYPES.has(type) ? type : 'system';
  }

  async #post(path: string, body: object): Promise<boolean> {
    const response = await fetch(`${this.#serverUrl}/api/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(stretched(10_000)),
    });
    return response.ok;
  }
}
