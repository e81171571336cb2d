import { expect, vi } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';

/** The value of a metric on a metrics page, by its full name and labels; 0 when it is not there. */
export function readMetric(page: string, series: string): number {
  const line = page.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

/** Waits until a metric of a running program has come to a value. */
export async function untilPage(
  { adminUrl }: { readonly adminUrl: string },
  series: string,
  value: number,
): Promise<void> {
  await vi.waitFor(
    async () => expect(readMetric(await (await fetch(`${adminUrl}/metrics`)).text(), series)).toBe(value),
    { timeout: PATIENCE_MS, interval: 20 },
  );
}

/** The alarms that stand at this moment, by name, as the metrics page has them. */
export async function standingAlarms({ adminUrl }: { readonly adminUrl: string }): Promise<string[]> {
  const page = await (await fetch(`${adminUrl}/metrics`)).text();
  return [...page.matchAll(/^mostro_push_alarm\{alarm="([^"]+)"\} 1$/gm)].map(([, alarm]) => alarm ?? '');
}
