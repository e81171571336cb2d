import { expect, vi } from 'vitest';

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
    { timeout: 20_000, interval: 20 },
  );
}
