import { generateSecretKey, type NostrEvent } from 'nostr-tools/pure';
import { describe, expect, test } from 'vitest';

import type { Filter } from '../../stand-ins/relay-filter.ts';
import { RelayPublisher } from '../../stand-ins/relay-publisher.ts';
import { ForeignRelay } from '../support/foreign-relay.ts';
import { isInstalled, KHATRU } from '../support/relay-makes.ts';
import { keep } from '../support/keep.ts';
import { RelaySubscription } from '../support/relay-subscription.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { eventFor } from '../support/wire-events.ts';

const RECIPIENT = 'c'.repeat(64);
const HOUR = 3600;

// Facts about this relay that the tests against it rely on. They say nothing about the server.
describe.skipIf(!isInstalled(KHATRU))(
  'a relay that nobody here wrote (.ci/install-relay installs it)',
  () => {
    test('khatru gives the newest stored events first, as many as asked for, and the rest page by page', async () => {
      const { url, publish } = await relayWithPublisher();
      const events = Array.from({ length: 25 }, (_, age) => eventFor([RECIPIENT], { ageSeconds: age * 60 }));
      await publish(...events);

      const pages = [await stored(url, { limit: 10 })];
      for (let last = pages[0]?.at(-1); last !== undefined; last = pages.at(-1)?.at(-1))
        pages.push(await stored(url, { limit: 10, until: last.created_at - 1 }));

      expect(pages.map((page) => page.length)).toEqual([10, 10, 5, 0]);
      expect(pages.flat().map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    });

    test('khatru gives the events of since and until as well as those between', async () => {
      const { url, publish } = await relayWithPublisher();
      const event = eventFor([RECIPIENT]);
      await publish(event);

      expect(await stored(url, { since: event.created_at, until: event.created_at })).toEqual([event]);
      expect(await stored(url, { since: event.created_at + 1 })).toEqual([]);
      expect(await stored(url, { until: event.created_at - 1 })).toEqual([]);
    });

    test('khatru gives 500 stored events at most, and a quarter of that when asked for more', async () => {
      const { url, publish } = await relayWithPublisher();
      const events = swiftEvents(
        Array.from({ length: 510 }, (_, age) => ({ recipient: RECIPIENT, kind: 1059, ageSeconds: age })),
      );
      await publish(...events);

      expect(await stored(url, { limit: 500 })).toEqual(events.slice(0, 500));
      expect(await stored(url, { limit: 501 })).toEqual(events.slice(0, 125));
    });

    test.for([
      ['a gift wrap back-dated by 47 hours', 1059, 47 * HOUR],
      ['an event of kind 14', 14, 0],
    ] as const)(
      'khatru takes %s from anyone, keeps it and passes it on to limit 0',
      async ([, kind, ageSeconds]) => {
        const { url, publish } = await relayWithPublisher();
        await publish(eventFor([RECIPIENT], { kind, ageSeconds }));
        using subscription = await RelaySubscription.open(url, { kinds: [kind], limit: 0 });
        const event = eventFor([RECIPIENT], { kind, ageSeconds });
        await publish(event);

        expect(subscription.stored).toEqual([]);
        expect(await subscription.live.atLeast(1)).toEqual([event]);
        expect(await stored(url, { kinds: [kind] })).toHaveLength(2);
      },
    );

    test('khatru keeps the newest relay list of an author', async () => {
      const { url, publish } = await relayWithPublisher();
      const list = {
        kind: 10_002,
        tags: [['r', 'wss://relay.example']],
        content: '',
        secretKey: generateSecretKey(),
      };
      const newest = eventFor([], list);
      await publish(eventFor([], { ...list, ageSeconds: HOUR }), newest);

      expect(await stored(url, { kinds: [10_002], authors: [newest.pubkey] })).toEqual([newest]);
    });

    test('khatru with gift wraps restricted takes them from anyone and shows them to no stranger', async () => {
      const { url, publish } = await relayWithPublisher({ restrictGiftWraps: true });
      await publish(eventFor([RECIPIENT]));

      await expect(stored(url, { kinds: [1059] })).rejects.toThrow(/auth-required: /);
      expect(await stored(url, { kinds: [14] })).toEqual([]);
    });
  },
);

async function relayWithPublisher(
  options: Parameters<typeof ForeignRelay.start>[0] = {},
): Promise<{ url: string; publish: (...events: NostrEvent[]) => Promise<void> }> {
  const { url } = keep(await ForeignRelay.start(options));
  const publisher = await RelayPublisher.connect(url);
  return {
    url,
    publish: async (...events) => {
      await Promise.all(events.map((event) => publisher.publish(event)));
    },
  };
}

async function stored(url: string, filter: Filter): Promise<readonly NostrEvent[]> {
  using subscription = await RelaySubscription.open(url, { kinds: [1059], ...filter });
  return subscription.stored;
}
