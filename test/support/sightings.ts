import { vi, expect } from 'vitest';

import { call } from './http.ts';
import { readMetric } from './metrics-page.ts';
import { outcome } from './program.ts';
import type { LogLine } from './test-server.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';

/** A server whose alarms a test checks, and how `doctor` reaches the relay and Google. */
export interface Ailing {
  readonly adminUrl: string;
  /** The log lines so far, as objects. */
  readonly lines: () => readonly LogLine[];
  readonly environment: Readonly<Record<string, string>>;
}

interface Named {
  readonly alarms: readonly { readonly alarm: string; readonly remedy: string }[];
}

/** The places that show an alarm at this moment: readiness, metric, log, dashboard. */
async function placesOf({ adminUrl, lines }: Ailing, alarm: string): Promise<string[]> {
  const read = async (path: string): Promise<Named> =>
    JSON.parse((await call(`${adminUrl}${path}`)).text) as Named;
  const metrics = (await call(`${adminUrl}/metrics`)).text;
  const places = {
    readiness: (await read('/health/ready')).alarms.some((one) => one.alarm === alarm && one.remedy !== ''),
    metric: readMetric(metrics, `mostro_push_alarm{alarm="${alarm}"}`) > 0,
    log: lines().some(({ alarm: said, msg }) => said === alarm && msg !== 'alarm.cleared'),
    dashboard: (await read('/dashboard.json')).alarms.some((one) => one.alarm === alarm),
  };
  return Object.entries(places)
    .filter(([, isSaid]) => isSaid)
    .map(([place]) => place);
}

/** Waits until an alarm is shown everywhere in the same words. Then runs `doctor`, and returns what it prints. */
export async function untilSeenEverywhere(ailing: Ailing, alarm: string): Promise<string> {
  const everywhere = ['readiness', 'metric', 'log', 'dashboard'];
  await vi.waitFor(async () => expect(await placesOf(ailing, alarm)).toEqual(everywhere), {
    timeout: PATIENCE_MS,
    interval: 200,
  });
  const { port } = new URL(ailing.adminUrl);
  const { stdout } = await outcome(['doctor'], { SERVER_PORT: '0', ...ailing.environment, ADMIN_PORT: port });
  expect(stdout).toMatch(new RegExp(`^(?:WARNING|FAILURE) +${alarm}: .*\n +-> `, 'm'));
  return stdout;
}

/** Waits until an alarm is over, in the log too. */
export async function untilOver(ailing: Ailing, alarm: string): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(ailing.lines().some((line) => line.msg === 'alarm.cleared' && line.alarm === alarm)).toBe(true);
      expect(await placesOf(ailing, alarm)).toEqual(['log']);
    },
    { timeout: PATIENCE_MS, interval: 200 },
  );
}
