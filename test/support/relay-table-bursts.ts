import { setTimeout as delay } from 'node:timers/promises';

import type { NostrEvent } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { registerDevices, type Device } from './devices.ts';
import { keep } from './keep.ts';
import { readMetric } from './metrics-page.ts';
import { googleEnvironment, serve } from './program.ts';
import { KINDS, LIVE, report, tokens, woken, type TableOptions } from './relay-table-scene.ts';
import { swiftEvents } from './swift-events.ts';

const FOREIGN = 'ab'.repeat(32);
const KILOBYTES = 6;

/** Events of 6 kB, most of them for a stranger, one in so many for one of these devices. */
function burst(devices: readonly Device[], count: number): NostrEvent[] {
  const every = Math.floor(count / devices.length);
  return swiftEvents(
    Array.from({ length: count }, (_, n) => ({
      recipient: (n % every === 0 ? devices[n / every]?.key : undefined) ?? FOREIGN,
      kind: 1059,
      // Not all in one second, which a relay may not give as a page.
      ageSeconds: n % 60,
      contentBytes: KILOBYTES * 1024,
    })),
  );
}

/** Bursts that a relay may drop a part of, because the server reads too slowly. */
export function slowReader({ burst: count, drops = false, name, standstills, start }: TableOptions): void {
  test.each(standstills)(
    `${name}: ${count} events of 6 kB in a burst, while the server stands still for %i ms: 100 devices among them are woken, each once`,
    async (stopMs) => {
      const relay = keep(await start({}));
      const google = keep(await GoogleStandIn.start({ tls: false }));
      const { adminUrl, apiUrl, program } = await serve({
        ...(await googleEnvironment(google)),
        NOSTR_RELAYS: relay.url,
      });
      const metric = async (series: string): Promise<number> =>
        readMetric(await (await fetch(`${adminUrl.replace('0.0.0.0', '127.0.0.1')}/metrics`)).text(), series);
      await expect.poll(async () => metric(`${LIVE}{relay="127.0.0.1:${relay.port}"}`)).toBe(KINDS);
      const devices = await registerDevices({ apiUrl }, 100);
      const events = burst(devices, count);
      const begun = performance.now();
      if (stopMs > 0) program.kill('SIGSTOP');
      const published = relay.publish(events);
      if (stopMs > 0) {
        await delay(stopMs);
        program.kill('SIGCONT');
      }
      await published;
      await google.pushes.atLeast(100);
      const took = performance.now() - begun;
      if (drops && stopMs > 0) await program.untilPrinted(/relay\.events_dropped/);
      const found = await metric('mostro_push_relay_audit_found_total{kind="1059"}');
      report(
        name,
        `${count} events of 6 kB, standing still ${stopMs} ms, ${found} found by an audit`,
        { google },
        100,
        took,
      );
      expect(woken({ google })).toEqual(tokens(devices));
    },
  );
}
