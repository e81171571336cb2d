import { stretched } from './patience.ts';

/**
 * The requests that Mostro Mobile 1.3.3, and the version after it that knows protocol v2 only, send to a push server, and how they read the
 * answers. They sign and seal nothing.
 */
export class MostroMobile {
  readonly #serverUrl: string;
  readonly #platform: 'android' | 'ios';
  /** The node that is selected in the app. */
  #mostroPubkey: string | undefined;
  /** The keys of this run of the app; a restart forgets them. */
  readonly #registered = new Set<string>();
  #isAvailable = false;
  #fcmToken: string;

  constructor(options: {
    serverUrl: string;
    fcmToken: string;
    platform?: 'android' | 'ios';
    mostroPubkey?: string;
  }) {
    this.#serverUrl = options.serverUrl;
    this.#fcmToken = options.fcmToken;
    this.#platform = options.platform ?? 'android';
    this.#mostroPubkey = options.mostroPubkey;
  }

  /** Called once, at the start of the app. Any answer but 200 turns push off until the app is started again. */
  async initialize(): Promise<boolean> {
    const response = await fetch(`${this.#serverUrl}/api/health`, {
      signal: AbortSignal.timeout(stretched(10_000)),
    });
    this.#isAvailable = response.status === 200;
    return this.#isAvailable;
  }

  /** Called when a session is saved. An answer of 202, or of 200 with `success`, is a success. After any other answer it does not try again. */
  async registerToken(tradePubkey: string): Promise<boolean> {
    if (!this.#isAvailable) return false;
    const response = await this.#post('register', 10_000, {
      trade_pubkey: tradePubkey,
      token: this.#fcmToken,
      platform: this.#platform,
      ...(this.#mostroPubkey !== undefined && { mostro_pubkey: this.#mostroPubkey }),
    });
    const isRegistered =
      response.status === 202 ||
      (response.status === 200 && ((await response.json()) as { success?: unknown }).success === true);
    if (isRegistered) this.#registered.add(tradePubkey);
    return isRegistered;
  }

  /** The user selects another node. Trades with the former one go on. */
  selectNode(mostroPubkey: string): void {
    this.#mostroPubkey = mostroPubkey;
  }

  /** Called when Firebase gives the app a new token. All keys are registered again with the node that is selected now. */
  async refreshToken(fcmToken: string): Promise<boolean[]> {
    this.#fcmToken = fcmToken;
    return Promise.all([...this.#registered].map((key) => this.registerToken(key)));
  }

  /** Called when the user turns push off. */
  async unregisterAll(): Promise<boolean[]> {
    return Promise.all(
      [...this.#registered].map(async (tradePubkey) => {
        const response = await this.#post('unregister', 10_000, { trade_pubkey: tradePubkey });
        if (response.status === 200) this.#registered.delete(tradePubkey);
        return response.status === 200;
      }),
    );
  }

  /** Called after a chat message was published, with the trade key of the other party. The app does not wait for the answer. */
  async notifyPeer(peerTradePubkey: string): Promise<number> {
    return (await this.#post('notify', 5000, { trade_pubkey: peerTradePubkey })).status;
  }

  #post(path: string, timeoutMs: number, body: object): Promise<Response> {
    return fetch(`${this.#serverUrl}/api/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(stretched(timeoutMs)),
    });
  }
}
