import type { Figure } from '../figure.ts';
import type { MeasuredProcess } from '../measured-process.ts';
import type { Stage } from '../stage.ts';

const WEB_ASSEMBLY = 'libsecp256k1 (WebAssembly)';
const WORK = { verify: 'verifying an event', unseal: 'opening a sealed token' } as const;
type Work = keyof typeof WORK;
const KINDS = Object.keys(WORK) as Work[];
/** How many calls a round has, for each library and kind. */
const CALLS = 1000;

/**
 * Verification and unsealing by each library of this machine, in turn: the system's, the addon that a default install
 * brings, and WebAssembly, to which the others are compared.
 */
export async function curves(stage: Stage): Promise<Figure[]> {
  await using limit = await stage.limit('curves');
  const answer = limit.answer<string[]>('libraries');
  limit.tell('libraries');
  const libraries = await answer;
  const works = KINDS.flatMap((kind) =>
    libraries.map((library) => ({ kind, library, samples: [] as number[] })),
  );
  for (let round = -1; round < stage.extent.rounds; round++) {
    for (const { kind, library, samples } of works) {
      const us = await microseconds(limit, library, kind);
      if (round >= 0) samples.push(us);
    }
  }
  return works.map(({ kind, library, samples }) => {
    const other = works.find((one) => one.kind === kind && one.library === WEB_ASSEMBLY);
    const figure = { what: `${WORK[kind]} by ${library}`, unit: 'µs', samples, moreIsBetter: false };
    if (other === undefined || library === WEB_ASSEMBLY) return figure;
    return Object.assign(figure, { limit: { what: 'WebAssembly', samples: other.samples } });
  });
}

/** Processor time of one call. */
async function microseconds(limit: MeasuredProcess, library: string, kind: Work): Promise<number> {
  const { cpuMs } = await limit.during(async () => {
    const done = limit.answer('done');
    limit.tell({ library, kind, count: CALLS });
    await done;
  });
  return (cpuMs * 1000) / CALLS;
}
