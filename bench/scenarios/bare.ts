import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { MeasuredProcess, Span } from '../measured-process.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';

/** Gives a limit a file with this many events, and lets it do the least possible work with them. */
export async function bare(stage: Stage, limit: MeasuredProcess, count: number): Promise<Span> {
  const file = join(stage.directory, 'events.jsonl');
  const keys = Array.from({ length: count }, (_, n) => String(n).padStart(64, '0'));
  await writeFile(file, (await giftWraps(keys)).join('\n'));
  const read = limit.answer('read');
  limit.tell({ file });
  await read;
  return limit.during(async () => {
    const ran = limit.answer('ran');
    limit.tell('run');
    await ran;
  });
}
