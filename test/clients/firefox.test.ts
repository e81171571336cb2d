import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { MozillaPushStandIn } from '../../stand-ins/mozilla-push-stand-in.ts';
import { countsOf, freshKey } from '../support/api-server.ts';
import { Firefox, hasFirefox } from '../support/firefox.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { vapidKeyOf } from '../support/vapid-key-of.ts';
import { WebPushPage } from '../support/web-push-page.ts';
import { eventFor } from '../support/wire-events.ts';

const CONTACT = { VAPID_SUBJECT: 'mailto:ops@push.example' };
/** A window and a cooldown that are longer than any test. */
const HOUR = { BATCH_DELAY_MS: '3600000', COOLDOWN_MS: '3600000' };
const WAKE = expect.stringMatching(/^\{"type":"silent_wake","timestamp":\d{10}\}$/) as string;

describe.skipIf(!hasFirefox)('a page in Firefox (.ci/install-firefox)', () => {
  let mozilla: MozillaPushStandIn;
  let firefox: Firefox;

  beforeAll(async () => {
    mozilla = await MozillaPushStandIn.start();
    firefox = await Firefox.start(mozilla.socketUrl);
  });

  afterAll(async () => {
    await firefox?.[Symbol.asyncDispose]();
    await mozilla?.[Symbol.asyncDispose]();
  });

  beforeEach(() => mozilla.pushes.clear());

  /** Opens a page of an origin of its own, and registers trade keys with the code of docs/web-push.md. */
  async function openPage(
    server: { apiUrl: string },
    keys: readonly string[],
    options = {},
  ): Promise<WebPushPage> {
    const page = keep(await WebPushPage.start(options));
    await firefox.open(page.url);
    await register(server, keys);
    return page;
  }

  async function register({ apiUrl }: { apiUrl: string }, keys: readonly string[]): Promise<void> {
    await firefox.evaluate(`registerForWakes(${JSON.stringify(apiUrl)}, ${JSON.stringify(keys)})`);
  }

  test('ten trade keys of a page in Firefox have one subscription, and events for all of them are one push event, which Firefox decrypts', async () => {
    const { relay, server, woken } = await setScene({ environment: { ...CONTACT, ...HOUR } });
    const keys = Array.from({ length: 10 }, freshKey);
    const { pushed } = await openPage(server, keys);
    expect(await countsOf(server)).toBe('{"total":10,"android":0,"ios":0,"webpush":10}');
    expect(mozilla.subscriptionCount).toBe(1);
    for (const key of keys) relay.broadcast(eventFor([key]));
    expect(await pushed.atLeast(1)).toEqual([WAKE]);
    await woken();
    await untilMetric(server, 'mostro_push_events_matched_total', 11);
    expect(mozilla.pushes.all).toEqual([{ status: 201, vapidKey: await vapidKeyOf(server) }]);
    expect(pushed.count).toBe(1);
    await expect.poll(() => firefox.evaluate(WebPushPage.NOTIFICATIONS)).toEqual([['Mostro', 'Paid']]);
  });

  test('a page in Firefox is woken after a change of the server key, while the previous key is set, and subscribes anew at its next visit', async () => {
    const [old, next] = ['11'.repeat(32), '22'.repeat(32)];
    const stored = { ...CONTACT, STORE: 'file', DATA_DIR: await tempDirectory() };
    const before = await setScene({ environment: { ...stored, SERVER_PRIVATE_KEY: old } });
    const key = freshKey();
    const { pushed } = await openPage(before.server, [key]);
    const oldVapidKey = await vapidKeyOf(before.server);
    await before.server.stop();

    const environment = { ...stored, SERVER_PRIVATE_KEY: next, SERVER_PRIVATE_KEY_PREVIOUS: old };
    const { relay, server } = await setScene({ environment });
    const vapidKey = await vapidKeyOf(server);
    const subscriptions = mozilla.subscriptionCount;
    relay.broadcast(eventFor([key]));
    expect(await pushed.atLeast(1)).toEqual([WAKE]);
    expect(mozilla.pushes.all).toEqual([
      { status: 401, vapidKey },
      { status: 201, vapidKey: oldVapidKey },
    ]);

    mozilla.pushes.clear();
    await register(server, [key]);
    await expect.poll(() => mozilla.subscriptionCount).toBe(subscriptions);
    relay.broadcast(eventFor([key]));
    expect(await pushed.atLeast(2)).toEqual([WAKE, WAKE]);
    expect(mozilla.pushes.all).toEqual([{ status: 201, vapidKey }]);
  });

  test('a notice of the operator reaches the push event of a page in Firefox, and the code of the page shows its own', async () => {
    const notice = { WEBPUSH_NOTICE_TITLE: 'News of a trade', WEBPUSH_NOTICE_URL: 'https://app.example' };
    const { relay, server } = await setScene({ environment: { ...CONTACT, ...notice } });
    const key = freshKey();
    const { pushed } = await openPage(server, [key]);
    relay.broadcast(eventFor([key]));
    const [wake = ''] = await pushed.atLeast(1);
    expect(JSON.parse(wake)).toMatchObject({
      type: 'silent_wake',
      notification: { title: 'News of a trade', navigate: 'https://app.example/' },
    });
    await expect.poll(() => firefox.evaluate(WebPushPage.NOTIFICATIONS)).toEqual([['Mostro', 'Paid']]);
  });

  test('a page that has unsubscribed in Firefox is evicted after the second push that its push service answers 410', async () => {
    const { relay, server } = await setScene({ environment: { ...CONTACT, GONE_CONFIRM_SECONDS: '0.3' } });
    const key = freshKey();
    const { pushed } = await openPage(server, [key]);
    const subscriptions = mozilla.subscriptionCount;
    await firefox.evaluate(
      'navigator.serviceWorker.ready.then(({ pushManager }) => pushManager.getSubscription()).then((subscription) => subscription.unsubscribe())',
    );
    await expect.poll(() => mozilla.subscriptionCount).toBe(subscriptions - 1);
    relay.broadcast(eventFor([key]));
    await untilMetric(server, 'mostro_push_registrations_forgotten_total', 1);
    expect(mozilla.pushes.all.map(({ status }) => status)).toEqual([410, 410]);
    expect(await countsOf(server)).toBe('{"total":0,"android":0,"ios":0,"webpush":0}');
    expect(pushed.count).toBe(0);
  });

  test('Firefox ends the subscription of a page that is closed and shows nothing for 16 pushes, and the server evicts it', async () => {
    const { relay, server } = await setScene({ environment: { ...CONTACT, GONE_CONFIRM_SECONDS: '0.3' } });
    const key = freshKey();
    const { pushed } = await openPage(server, [key], { isSilent: true });
    await firefox.open('about:blank');
    const subscriptions = mozilla.subscriptionCount;
    const hasEnded = (): boolean => mozilla.subscriptionCount < subscriptions;
    for (let n = 1; !hasEnded(); n++) {
      relay.broadcast(eventFor([key]));
      await expect.poll(() => hasEnded() || pushed.count >= n).toBe(true);
    }
    expect(pushed.count).toBeGreaterThanOrEqual(16);
    relay.broadcast(eventFor([key]));
    await untilMetric(server, 'mostro_push_registrations_forgotten_total', 1);
    expect(await countsOf(server)).toContain('"total":0');
  });
});
