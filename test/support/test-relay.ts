import type { NostrEvent } from 'nostr-tools/pure';

import { RelayPublisher } from '../../stand-ins/relay-publisher.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';

/** A relay that a suite runs against: the stand-in, or one that nobody here wrote. */
export interface TestRelay extends AsyncDisposable {
  readonly port: number;
  /** Resolves when the relay has taken all of them. */
  publish(events: readonly NostrEvent[]): Promise<void>;
}

/** The stand-in, which gives at most 500 stored events at once. */
export async function standInTestRelay(): Promise<TestRelay> {
  const relay = await RelayStandIn.start({ maxLimit: 500 });
  return {
    port: relay.port,
    async publish(events) {
      relay.storeAll(events);
      for (const event of events) relay.broadcast(event);
    },
    [Symbol.asyncDispose]: () => relay.stop(),
  };
}

/** Events that are under way at once to a relay that is published to. */
const PUBLISHED_AT_ONCE = 200;

/** Publishes to any relay as a client does, and waits for its OK to every event. */
export async function publishAll(url: string, events: readonly NostrEvent[]): Promise<void> {
  const publisher = await RelayPublisher.connect(url);
  try {
    for (let from = 0; from < events.length; from += PUBLISHED_AT_ONCE) {
      await Promise.all(
        events.slice(from, from + PUBLISHED_AT_ONCE).map((event) => publisher.publish(event)),
      );
    }
  } finally {
    publisher.close();
  }
}
