import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { deferred } from '../support/deferred.ts';
import { eventsFor, registerDevices, type Device } from '../support/devices.ts';
import { fcmError, silence } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, serve, type RunningProgram } from '../support/program.ts';
import { untilPage } from '../support/metrics-page.ts';

const UNDER_WAY = 200;
const HELD = 100;

interface Busy extends RunningProgram {
  readonly google: GoogleStandIn;
  readonly devices: Device[];
}

/** The program with a hundred devices whose second wake is held, and two hundred whose first is under way or queued. */
async function busy(
  answer: GoogleStandIn['answer'],
  environment: Readonly<Record<string, string>> = {},
): Promise<Busy> {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start({ tls: false }))];
  const running = await serve({
    NOSTR_RELAYS: relay.url,
    BATCH_DELAY_MS: '3600000',
    COOLDOWN_MS: '3600000',
    ...(await googleEnvironment(google)),
    ...environment,
  });
  await relay.subscribed(1059);
  const devices = await registerDevices(running, UNDER_WAY + HELD);
  const held = devices.slice(0, HELD);
  for (const event of eventsFor(held)) relay.broadcast(event);
  await google.pushes.atLeast(HELD);
  google.pushes.clear();
  google.answer = answer;
  for (const event of eventsFor(held)) relay.broadcast(event);
  await untilPage(running, 'mostro_push_events_claimed_total', 2 * HELD);
  for (const event of eventsFor(devices.slice(HELD))) relay.broadcast(event);
  await untilPage(running, 'mostro_push_wakes_queued_total{provider="fcm"}', HELD + UNDER_WAY);
  return { ...running, google, devices };
}

const lost = (count: number): RegExp => new RegExp(`"count":${count},"msg":"server\\.stopped"`);

test('a signal with 200 wakes under way and 100 held ends the program with 0 when all 300 have arrived', async () => {
  const { promise, resolve } = deferred();
  const { program, google, devices } = await busy(() => promise);
  program.kill('SIGTERM');
  await program.untilPrinted(/server\.stopping/);
  resolve();
  expect(await program.exited).toBe(0);
  const woken = google.pushes.all.map(({ token }) => token);
  expect(woken.toSorted()).toEqual(devices.map(({ token }) => token).toSorted());
  expect(program.output()).toMatch(lost(0));
});

test('a signal with 200 wakes under way and 100 held ends the program with 1 and the number of the lost, all 300, when FCM never answers', async () => {
  const { program } = await busy(silence, { SHUTDOWN_TIMEOUT_SECONDS: '1' });
  program.kill('SIGTERM');
  expect(await program.exited).toBe(1);
  expect(program.output()).toMatch(lost(UNDER_WAY + HELD));
});

test('a signal with 200 wakes under way and 100 held ends the program with 1 and the number of the lost at once when FCM is down', async () => {
  const { program } = await busy(() => fcmError(503), { SHUTDOWN_TIMEOUT_SECONDS: '3600' });
  program.kill('SIGTERM');
  expect(await program.exited).toBe(1);
  expect(program.output()).toMatch(lost(UNDER_WAY + HELD));
});

test('a second signal ends a program with 200 wakes under way and 100 held at once', async () => {
  const { program } = await busy(silence, { SHUTDOWN_TIMEOUT_SECONDS: '3600' });
  program.kill('SIGTERM');
  await program.untilPrinted(/server\.stopping/);
  program.kill('SIGTERM');
  expect(await program.exited).toBe(143);
});
