import type { Stage } from '../stage.ts';

const DAY_SECONDS = 86_400;

/** How long a minimal client takes to get everything that a relay has stored of the last two days, in milliseconds. */
export async function paged(stage: Stage, url: string): Promise<number> {
  await using bare = await stage.limit('page-window', url);
  const answer = bare.answer<number>('events');
  const begun = performance.now();
  bare.tell({ since: Math.floor(Date.now() / 1000) - 2 * DAY_SECONDS });
  await answer;
  return performance.now() - begun;
}
