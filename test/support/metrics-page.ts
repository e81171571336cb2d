import { expect, vi } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';

/** The value of a metric on a metrics page, by its full name and labels. 0 if the page does not have it. */
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

/** The names of the alarms that stand at this moment, from the metrics page. */
export async function standingAlarms({ adminUrl }: { readonly adminUrl: string }): Promise<string[]> {
  const page = await (await fetch(`${adminUrl}/metrics`)).text();
  return [...page.matchAll(/^mostro_push_alarm\{alarm="([^"]+)"\} 1$/gm)].map(([, alarm]) => alarm ?? '');
}

/** The series of the server's own counters and histograms, with their labels. */
export function countedSeries(page: string): Set<string> {
  const names = page.matchAll(/^(mostro_push_(?!nodejs_|process_)\w+_(?:total|count|bucket)(?:\{.*?\})?) /gm);
  return new Set([...names].map(([, series = '']) => series));
}
