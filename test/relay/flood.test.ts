import { expect, test, vi } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { RubbishRelay } from '../../stand-ins/rubbish-relay.ts';
import { registerDevices } from '../support/devices.ts';
import { freePort } from '../support/free-port.ts';
import { keep } from '../support/keep.ts';
import { setScene, type Scene } from '../support/scene.ts';
import { swiftEvents } from '../support/swift-events.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';

const EVENTS = 100;

/** Sends an event for each of this many devices, each after the one before has woken its device. */
async function measureWakes({ relay, google, server }: Scene): Promise<string> {
  const devices = await registerDevices(server, EVENTS);
  const before = google.pushes.count;
  const waits: number[] = [];
  for (const event of swiftEvents(
    devices.map(({ key: recipient }) => ({ recipient, kind: 1059, ageSeconds: 0 })),
  )) {
    const begun = performance.now();
    relay.broadcast(event);
    await google.pushes.atLeast(before + waits.length + 1);
    waits.push(performance.now() - begun);
  }
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`;
}

test.each(['noise', 'json', 'strangers', 'pings', 'pongs', 'fragments'] as const)(
  'while another relay floods with %s, every event of a good one wakes',
  async (make) => {
    const port = await freePort();
    const relay = keep(await RelayStandIn.start());
    const environment = { NOSTR_RELAYS: `${relay.url},ws://127.0.0.1:${port}` };
    const scene = await setScene({ relays: [relay], environment });
    const quiet = await measureWakes(scene);
    const flood = keep(await RubbishRelay.start({ make, port }));
    await flood.connections.atLeast(1);
    await vi.waitFor(() => expect(flood.bytesSent).toBeGreaterThan(1_000_000), { timeout: PATIENCE_MS });
    const sentBefore = flood.bytesSent;
    const begun = performance.now();
    const flooded = await measureWakes(scene);
    const rate = (flood.bytesSent - sentBefore) / (performance.now() - begun) / 1000;
    console.info(`${make}: quiet ${quiet}; at ${rate.toFixed(0)} MB/s ${flooded}`);
    expect(scene.google.pushes.count).toBe(2 * EVENTS);
  },
);
