import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../stand-ins/unifiedpush-stand-in.ts';
import { eventsFor, registerDevices, type Device } from './support/devices.ts';
import { silence } from './support/fcm-answers.ts';
import { keep } from './support/keep.ts';
import { setScene, untilMetric } from './support/scene.ts';
import { eventFor } from './support/wire-events.ts';
import { PATIENCE_MS } from '../stand-ins/patience.ts';

const SLOW = 5000;
const FAST = 500;

interface Latencies {
  readonly fcm: number;
  readonly unifiedPush: number;
}

/** How long after its event the slowest but one in a hundred is woken, in milliseconds, while a host beside it has so many wakes queued. */
async function fastBeside(slowCount: number): Promise<Latencies> {
  const { relay, google, server, phone } = await setScene();
  const slow = keep(await UnifiedPushStandIn.start());
  const fast = keep(await UnifiedPushStandIn.start());
  const slows = await registerDevices(server, slowCount, (n) => slow.endpoint(`Slow${n}`));
  const fasts = await registerDevices(server, FAST, (n) => fastEndpoint(fast, n));
  const fcms = await registerDevices(server, FAST);
  // The fast host has proved itself before.
  const proof = await phone({ endpoint: fastEndpoint(fast, FAST) });
  relay.broadcast(eventFor([proof.tradePubkey]));
  await fast.pushes.atLeast(1);
  fast.pushes.clear();

  // Never answered: the server gives each up after ten seconds.
  slow.answer = silence;
  for (const event of eventsFor(slows)) relay.broadcast(event);
  await untilMetric(server, 'mostro_push_events_claimed_total', slowCount + 1);
  const sentAt = new Map<string, number>();
  const send = (devices: readonly Device[]): void => {
    const events = eventsFor(devices);
    for (const [n, event] of events.entries()) {
      sentAt.set(devices[n]?.token ?? '', performance.now());
      relay.broadcast(event);
    }
  };
  send(fasts);
  send(fcms);
  await fast.pushes.atLeast(FAST);
  await google.pushes.atLeast(FAST);
  const late = (token: string, at: number): number => at - (sentAt.get(token) ?? 0);
  return {
    fcm: p99(google.pushes.all.map(({ token, at }) => late(token, at))),
    unifiedPush: p99(fast.pushes.all.map(({ path, at }) => late(`${fastBase(fast)}${path}`, at))),
  };
}

/** Another name than the slow host's address, hence another host. */
function fastBase({ baseUrl }: UnifiedPushStandIn): string {
  return baseUrl.replace('127.0.0.1', 'localhost');
}

function fastEndpoint(standIn: UnifiedPushStandIn, n: number): string {
  return standIn.endpoint(`Fast${n}`).replace('127.0.0.1', 'localhost');
}

function p99(latencies: readonly number[]): number {
  return Math.round(latencies.toSorted((a, b) => a - b)[Math.ceil(latencies.length * 0.99) - 1] ?? NaN);
}

test(
  '5 000 wakes queued to a push server that hangs delay neither FCM nor another push server',
  async () => {
    const alone = await fastBeside(0);
    const beside = await fastBeside(SLOW);
    console.info(
      `p99 in ms: FCM ${alone.fcm} alone, ${beside.fcm} beside the slow host; UnifiedPush ${alone.unifiedPush} alone, ${beside.unifiedPush} beside it`,
    );
    // A slot of the slow host is held for ten seconds: whoever waited for one would show it.
    expect(Math.max(beside.fcm, beside.unifiedPush)).toBeLessThan(5000);
  },
  5 * PATIENCE_MS,
);
