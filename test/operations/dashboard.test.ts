import { hostname } from 'node:os';

import { describe, expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { apiServer } from '../support/api-server.ts';
import { hasBrowser, openBrowser } from '../support/browser.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

test('the dashboard is one page that asks for no other file, and may run nothing but what stands in it', async () => {
  const { adminUrl } = await apiServer();
  const { headers, status, text } = await call(`${adminUrl}/`);
  expect(status).toBe(200);
  expect(text).not.toMatch(/\b(?:src|href)="(?!\/metrics|\/health\/ready|data:,)/);
  expect(text).not.toContain('@import');
  const policy = String(headers['content-security-policy']);
  expect(policy).toMatch(
    /default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; connect-src 'self'/,
  );
  expect(policy).not.toContain('unsafe');
});

test('the dashboard is for no foreign Host, and neither is what it shows', async () => {
  const { adminUrl } = await apiServer();
  for (const path of ['/', '/dashboard.json'])
    expect(await call(`${adminUrl}${path}`, { headers: { host: 'evil.example' } })).toMatchObject({
      status: 421,
    });
});

test('the dashboard has the name that clients call the server by, and what to do where no alarm says why it is not ready', async () => {
  const environment = { PUBLIC_URL: 'https://push.example.org:8443/' };
  const { adminUrl } = keep(await startTestServer({ environment }));
  expect(JSON.parse((await call(`${adminUrl}/dashboard.json`)).text)).toMatchObject({
    name: 'push.example.org:8443',
    unready: [
      {
        reason: 'no relay is subscribed and past EOSE',
        remedy: expect.stringContaining('mostro-push doctor') as string,
      },
    ],
  });
});

test('the dashboard shows what has happened, by the numbers of the metrics', async () => {
  const { relay, google, server, phone } = await setScene();
  relay.broadcast(eventFor([(await phone()).tradePubkey]));
  await google.pushes.atLeast(1);
  await expect
    .poll(async () => JSON.parse((await call(`${server.adminUrl}/dashboard.json`)).text) as unknown)
    .toMatchObject({
      ready: true,
      reasons: [],
      registrations: { total: 1, android: 1 },
      relays: [{ state: 'live', liveKinds: [1059, 14] }],
      providers: [{ provider: 'fcm', score: 1, attempts: 1, lanes: 1 }, { provider: 'unifiedpush' }],
      latency: { p50: expect.any(Number) as number },
      policies: { server: 'prompt', chosen: {} },
      name: hostname(),
      store: { kind: 'memory', isOpen: true },
      signatures: expect.stringContaining('libsecp256k1') as string,
      hour: {
        received: 1,
        matched: 1,
        verified: 1,
        woken: { prompt: 1 },
        delivered: { fcm: 1 },
        failed: {},
      },
      pastAlarms: [],
    });
});

describe.skipIf(!hasBrowser)('the dashboard in a browser (.ci/install-chromium)', () => {
  test.each([
    ['a desk, light', 1180, 'light'],
    ['a phone, dark', 390, 'dark'],
  ] as const)(
    'the dashboard in a browser on %s shows relays, charts and no error, and fits',
    async (_, width, colorScheme) => {
      const { relay, google, server, phone } = await setScene();
      const page = await (await openBrowser()).newPage({ colorScheme, viewport: { width, height: 900 } });
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', ({ message }) => complaints.push(message));
      const asked: string[] = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await page.goto(`${server.adminUrl}/`);
      await page.getByText('ready', { exact: true }).waitFor();
      relay.broadcast(eventFor([(await phone()).tradePubkey]));
      await google.pushes.atLeast(1);
      expect(await page.getByText('No wake delivered in the last hour').isVisible()).toBe(true);
      // The page updates without a reload.
      await page.getByText('1 in the last hour').waitFor();
      expect(await page.getByText('No wake delivered in the last hour').isVisible()).toBe(false);
      expect(await page.locator('#relays td').first().textContent()).toBe(`127.0.0.1:${relay.port}`);
      expect(await page.locator('canvas').count()).toBe(2);
      expect(await page.title()).toBe(`${hostname()} · mostro-push-server`);
      expect(await page.locator('#funnel b').allTextContents()).toEqual(['1', '1', '1', '1', '1']);
      expect(await page.locator('#past').textContent()).toBe('None since the start');
      // No cell of a table is out of sight, or without the name of its column.
      for (const cell of await page.locator('td').all()) {
        const { x = -1, width: wide = 0 } = (await cell.boundingBox()) ?? {};
        expect(wide).toBeGreaterThan(0);
        expect(x >= 0 && x + wide <= width).toBe(true);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      const back = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(back).toBe(colorScheme === 'light' ? 'rgb(246, 247, 249)' : 'rgb(18, 22, 28)');
      expect(complaints).toEqual([]);
      expect([...new Set(asked)].toSorted()).toEqual(['/', '/dashboard.json']);
    },
  );

  test('the dashboard in a browser shows an alarm in the words of the readiness, with its remedy', async () => {
    const relay = keep(await RelayStandIn.start({ refuseKinds: [1059] }));
    const server = keep(await startTestServer({ environment: { NOSTR_RELAYS: relay.url } }));
    await expect
      .poll(async () => (await call(`${server.adminUrl}/health/ready`)).text)
      .toContain('relay restricts 1059');
    const page = await (await openBrowser()).newPage();
    await page.goto(`${server.adminUrl}/`);
    await page.locator('#alarms').getByText('relay restricts 1059').waitFor();
    await page.getByText('add a relay to NOSTR_RELAYS that serves kind 1059').waitFor();
    // With its begin, and without an end.
    const row = page.locator('#past tr', { hasText: `relay restricts 1059 (127.0.0.1:${relay.port})` });
    await row.waitFor();
    const [, began, ended] = await row.locator('td').allTextContents();
    expect(ended).toBe('stands');
    expect(began).toMatch(/^\d\d:\d\d:\d\d$/);
  });
});
