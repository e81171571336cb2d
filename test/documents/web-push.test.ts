import { runInNewContext } from 'node:vm';

import { expect, test } from 'vitest';

import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { vapidKeyOf } from '../support/vapid-key-of.ts';
import { codeOfThePage } from '../support/web-push-page.ts';

interface SubscribeOptions {
  readonly userVisibleOnly: boolean;
  readonly applicationServerKey: string;
}

/** The `pushManager` of a browser. */
class PushManager {
  readonly asked: SubscribeOptions[] = [];
  unsubscribed = 0;
  #current: unknown = null;

  getSubscription(): Promise<unknown> {
    return Promise.resolve(this.#current);
  }

  subscribe(options: SubscribeOptions): Promise<unknown> {
    this.asked.push(options);
    const made = new WebPushSubscription(`https://push.example/${this.asked.length}`);
    const key = Buffer.from(options.applicationServerKey, 'base64url');
    this.#current = {
      options: { applicationServerKey: Uint8Array.from(key).buffer },
      unsubscribe: (): Promise<boolean> => {
        this.unsubscribed++;
        this.#current = null;
        return Promise.resolve(true);
      },
      toJSON: () => ({ ...made.toJSON(), expirationTime: null }),
    };
    return Promise.resolve(this.#current);
  }
}

test('the code of docs/web-push.md for a page registers every key at each visit, on one subscription, and subscribes anew after a change of the key', async () => {
  const [code = ''] = await codeOfThePage();
  const pushManager = new PushManager();
  const warnings: string[] = [];
  const navigator = { serviceWorker: { ready: Promise.resolve({ pushManager }) } };
  const console = { warn: (text: string) => warnings.push(text) };
  const visit = runInNewContext(`${code};registerForWakes`, { fetch, btoa, navigator, console }) as (
    server: string,
    keys: readonly string[],
  ) => Promise<void>;
  const [server, other] = [await apiServer(), await apiServer({ SERVER_PRIVATE_KEY: '7'.repeat(64) })];
  const keys = [freshKey(), freshKey()];
  await visit(server.apiUrl, keys);
  await visit(server.apiUrl, keys);
  expect(await countsOf(server)).toBe('{"total":2,"android":0,"ios":0,"webpush":2}');
  expect([pushManager.asked.length, pushManager.unsubscribed]).toEqual([1, 0]);
  // Another server is as good as the same one with a new key.
  await visit(other.apiUrl, keys);
  expect(await countsOf(other)).toBe('{"total":2,"android":0,"ios":0,"webpush":2}');
  expect(pushManager).toMatchObject({
    unsubscribed: 1,
    asked: [
      { userVisibleOnly: true, applicationServerKey: await vapidKeyOf(server) },
      { userVisibleOnly: true, applicationServerKey: await vapidKeyOf(other) },
    ],
  });
  expect(warnings).toEqual([]);
  await visit(server.apiUrl, ['no key']);
  expect(warnings).toEqual(['not registered: 400']);
});

test.each([
  ['news', () => Promise.resolve('Paid'), 'Paid'],
  ['no news', () => Promise.resolve(), 'There may be news of a trade'],
  ['no relay', () => Promise.reject(new Error('offline')), 'There may be news of a trade'],
])(
  'the code of docs/web-push.md for a service worker shows a notification for a push with %s',
  async (_, newsOfTrades, body) => {
    const [, code = ''] = await codeOfThePage();
    const listeners = new Map<string, (event: { waitUntil(work: Promise<unknown>): void }) => void>();
    const shown: unknown[] = [];
    const self = {
      addEventListener: listeners.set.bind(listeners),
      registration: { showNotification: (...notice: unknown[]) => shown.push(notice) },
    };
    runInNewContext(code, { self, newsOfTrades });
    const work: Promise<unknown>[] = [];
    listeners.get('push')?.({ waitUntil: (until) => work.push(until) });
    await Promise.all(work);
    expect(shown).toEqual([['Mostro', { body, tag: 'mostro', data: '/' }]]);
    expect([...listeners.keys()]).toEqual(['push', 'notificationclick']);
  },
);
