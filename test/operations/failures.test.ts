import { expect, test } from 'vitest';

import { hasFullDevice, TEN_FAILURES } from '../support/ailing-servers.ts';
import { call } from '../support/http.ts';
import { untilOver, untilSeenEverywhere, type Ailing } from '../support/sightings.ts';

async function readiness({ adminUrl }: Ailing): Promise<{ status: number; reasons: string[] }> {
  const { status = 0, text } = await call(`${adminUrl}/health/ready`);
  const { reasons } = JSON.parse(text) as { reasons: string[] };
  return { status, reasons };
}

const CANNOT_DELIVER = 'no enabled push provider can deliver';

test('readiness, metric, log, dashboard and doctor say in the same words: a relay that is unreachable, though another one keeps the server ready', async () => {
  const ailing = await TEN_FAILURES['relay unreachable']();
  expect(await untilSeenEverywhere(ailing, 'relay unreachable')).toContain(`127.0.0.1:${ailing.port}`);
  expect(await readiness(ailing)).toMatchObject({ status: 200, reasons: [] });
  await ailing.heal();
  await untilOver(ailing, 'relay unreachable');
});

test('readiness, metric, log, dashboard and doctor say in the same words: a relay that restricts kind 1059', async () => {
  const ailing = await TEN_FAILURES['relay restricts 1059']();
  const said = await untilSeenEverywhere(ailing, 'relay restricts 1059');
  expect(said).toContain('No relay serves kind 1059');
  expect(await readiness(ailing)).toMatchObject({ status: 200 });
});

test('readiness, metric, log, dashboard and doctor say in the same words: a key file that Google refuses', async () => {
  const ailing = await TEN_FAILURES['bad key file']();
  expect(await untilSeenEverywhere(ailing, 'bad key file')).not.toContain('wrong project');
  expect(await readiness(ailing)).toMatchObject({ status: 503, reasons: [CANNOT_DELIVER, 'bad key file'] });
});

test('readiness, metric, log, dashboard and doctor say in the same words: the wrong project, told apart from a bad key', async () => {
  const ailing = await TEN_FAILURES['wrong project']();
  const said = await untilSeenEverywhere(ailing, 'wrong project');
  expect(said).toContain('ok       OAuth');
  expect(said).not.toContain('bad key file');
  expect(await readiness(ailing)).toMatchObject({
    status: 503,
    reasons: [CANNOT_DELIVER, 'wrong project'],
  });
});

test('readiness, metric, log, dashboard and doctor say in the same words: OAuth that is down, until it is back', async () => {
  const ailing = await TEN_FAILURES['OAuth down']();
  await untilSeenEverywhere(ailing, 'OAuth down');
  expect(await readiness(ailing)).toMatchObject({ status: 503, reasons: [CANNOT_DELIVER, 'OAuth down'] });
  await ailing.heal();
  await untilOver(ailing, 'OAuth down');
  expect(await readiness(ailing)).toMatchObject({ status: 200 });
});

test('readiness, metric, log, dashboard and doctor say in the same words: a pause after 429, which is no reason not to be ready', async () => {
  const ailing = await TEN_FAILURES['429 pause']();
  await untilSeenEverywhere(ailing, '429 pause');
  expect(await readiness(ailing)).toMatchObject({ status: 200, reasons: [] });
});

test('readiness, metric, log, dashboard and doctor say in the same words: a UnifiedPush host that is down, even where one device alone is behind it', async () => {
  const ailing = await TEN_FAILURES['UnifiedPush host down']();
  await untilSeenEverywhere(ailing, 'UnifiedPush host down');
  expect(await readiness(ailing)).toMatchObject({ status: 200, reasons: [] });
  await ailing.heal();
  await untilOver(ailing, 'UnifiedPush host down');
});

test('readiness, metric, log, dashboard and doctor say in the same words: a queue that is full', async () => {
  const ailing = await TEN_FAILURES['queue full']();
  await untilSeenEverywhere(ailing, 'queue full');
  await ailing.heal();
  await untilOver(ailing, 'queue full');
});

test('readiness, metric, log, dashboard and doctor say in the same words: a clock that is ten minutes off, by what Google’s answers say', async () => {
  const ailing = await TEN_FAILURES['clock off']();
  const said = await untilSeenEverywhere(ailing, 'clock off');
  expect(said).toMatch(/clock is (?:599|600|601) s behind/);
  // With a wrong clock Google refuses every key.
  expect(said).not.toContain('bad key file');
  expect(await readiness(ailing)).toMatchObject({ status: 503, reasons: [CANNOT_DELIVER, 'clock off'] });
});

test.skipIf(!hasFullDevice)(
  'readiness, metric, log, dashboard and doctor say in the same words: a disk that is full, while wakes go on',
  async () => {
    const ailing = await TEN_FAILURES['disk full']();
    await untilSeenEverywhere(ailing, 'disk full');
    await ailing.wake();
    await ailing.google.pushes.atLeast(1);
    expect(await readiness(ailing)).toMatchObject({ status: 200, reasons: [] });
  },
);
