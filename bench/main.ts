import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { canPin, pinLoad } from './cores.ts';
import { summarise, type Figure, type Summary } from './figure.ts';
import { churn, fill } from './scenarios/memory.ts';
import { burst } from './scenarios/burst.ts';
import { cohorts } from './scenarios/cohorts.ts';
import { curves } from './scenarios/curves.ts';
import { foreignRecovery } from './scenarios/foreign-recovery.ts';
import { growth } from './scenarios/growth.ts';
import { hostile } from './scenarios/hostile.ts';
import { latency } from './scenarios/latency.ts';
import { overload } from './scenarios/overload.ts';
import { inFlight, pushes } from './scenarios/pushes.ts';
import { recovery } from './scenarios/recovery.ts';
import { registrations } from './scenarios/registrations.ts';
import { start } from './scenarios/start.ts';
import { strangers } from './scenarios/strangers.ts';
import { unifiedPush } from './scenarios/unifiedpush.ts';
import { FEW, RELAYS, Stage, type Extent } from './stage.ts';
import { table } from './table.ts';

const SHORT: Extent = { name: 'short', rounds: 2, many: 50_000, seconds: 2, batch: 2000, overload: 0 };
const FULL: Extent = {
  name: 'full',
  rounds: 5,
  many: 1_000_000,
  seconds: 10,
  batch: 10_000,
  overload: 100_000,
};

const RESULTS = 'bench/results';

/** What a run writes into a file, for `--compare`. */
interface Results {
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly pinned: boolean;
  readonly extent: Extent;
  readonly summaries: readonly Summary[];
}

const { values } = parseArgs({
  options: {
    full: { type: 'boolean' },
    only: { type: 'string' },
    compare: { type: 'string' },
    profile: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const chosen = values.full === true ? FULL : SHORT;
const extent = { ...chosen, rounds: Number(values.rounds ?? chosen.rounds) };
const isAsked = (name: string): boolean => values.only === undefined || values.only.split(',').includes(name);

async function figures(stage: Stage): Promise<Figure[]> {
  const found: Figure[] = [];
  const note = async (name: string, measure: () => Promise<Figure | Figure[]>): Promise<void> => {
    if (!isAsked(name)) return;
    process.stderr.write(`${name} …\n`);
    try {
      found.push(...[await measure()].flat());
    } catch (error) {
      // The other figures are worth having.
      process.stderr.write(
        `${name}: not measured: ${error instanceof Error ? error.message : String(error)}\n`,
      );
    }
  };
  await note('start', () => start(stage));
  await note('curves', () => curves(stage));
  await using few = await stage.program('few', { relays: RELAYS });
  await stage.registered(few, FEW);
  await note('pushes', () => pushes(stage, few));
  await note('inFlight', () => inFlight(stage, few));
  await note('latency', () => latency(stage, few));
  await note('burst', () => burst(stage, few));
  await note('unifiedpush', () => unifiedPush(stage));
  await note('hostile', () => hostile(stage));
  await note('recovery', async () => [await recovery(stage), ...(await foreignRecovery(stage))]);
  await note('registrations', () => registrations(stage, few));
  if (extent.overload > 0) await note('overload', () => overload(stage, few));
  if (extent.name === 'full' || values.only !== undefined) await note('growth', () => growth(stage, few));
  if (extent.name === 'full' || values.only !== undefined) await note('cohorts', () => cohorts(stage));
  if (!isAsked('strangers') && !isAsked('memory')) return found;
  await using many = await stage.program('many', {
    relays: RELAYS,
    environment: { MAX_REGISTRATIONS: '2000000' },
  });
  await using fresh = await stage.program('fresh', { relays: RELAYS });
  await stage.registered(fresh, FEW);
  process.stderr.write(`${extent.many} registrations …\n`);
  const memory = await fill(stage, many);
  if (isAsked('memory')) found.push(memory);
  await note('strangers', () => strangers(stage, fresh, many));
  await note('memory', () => churn(stage, fresh, many));
  return found;
}

pinLoad();
await using stage = await Stage.set(
  extent,
  values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(values.profile)}`],
);
const summaries = (await figures(stage)).map(summarise);
const results: Results = {
  node: process.version,
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  pinned: canPin(),
  extent,
  summaries,
};
const former =
  values.compare === undefined
    ? []
    : (JSON.parse(await readFile(values.compare, 'utf8')) as Results).summaries;
const { cores, node, pinned, processor } = results;
process.stdout.write(
  `\n${extent.name}: Node ${node}, ${cores} cores of ${processor}${pinned ? ', pinned' : ', NOT pinned: ratios are rough'}\n\n` +
    `${table(summaries, new Map(former.map((one) => [one.what, one])))}\n`,
);
await mkdir(RESULTS, { recursive: true });
const file = join(RESULTS, `${extent.name}.json`);
await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
process.stdout.write(`\n${file}\n`);
