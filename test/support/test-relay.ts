import type { NostrEvent } from 'nostr-tools/pure';

import { RelayPublisher } from '../../stand-ins/relay-publisher.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';

/** A relay that a suite runs against: the stand-in, or an independent relay. */
export interface TestRelay extends AsyncDisposable {
  readonly port: number;
  /** Resolves when the relay has taken all of them. */
  publish(events: readonly NostrEvent[]): Promise<void>;
}

/** The stand-in. It sends at most 500 stored events for a REQ. */
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

/** How many events are published at the same time. */
const PUBLISHED_AT_ONCE = 200;

/** Publishes to a relay as a client does, and waits for the OK to every event. */
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
