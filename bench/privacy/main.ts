import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { brokenBounds, brokenRealBounds } from './bounds.ts';
import { breaksOf } from './breaks.ts';
import { exposureOf, type Extent } from './exposure.ts';
import { cohorts, heartbeat, prompt, slots, type AttackedPolicy } from './policies.ts';
import { realExposure, type RealExposure } from './real.ts';
import { breaksTable, exposureTable, realTable, type RealPolicy, type Row } from './report.ts';

/** Some ten seconds: enough to see a bound broken. */
const SMOKE: Extent = {
  devices: 200,
  tradesPerDay: 80,
  days: 4,
  targets: 300,
  probedMarkets: 2,
  probedKeys: 20,
};
const FULL: Extent = {
  devices: 1000,
  tradesPerDay: 400,
  days: 7,
  targets: 800,
  probedMarkets: 3,
  probedKeys: 60,
};
const LARGE: Extent = {
  devices: 10_000,
  tradesPerDay: 4000,
  days: 4,
  targets: 400,
  probedMarkets: 1,
  probedKeys: 60,
};
const SEED = 1;
/** Of a cohort. */
const SIZE = 8;

/** The page that shows the table of the full run. */
const PAGE = 'docs/timing.md';

const POLICIES: readonly AttackedPolicy[] = [
  prompt('prompt', 5, 60),
  prompt('prompt, `BATCH_DELAY_MS=60000`', 60, 60),
  slots(30),
  slots(60),
  cohorts(SIZE, 30),
  cohorts(SIZE, 60),
  heartbeat(20),
];

/** The compiled program in slots of a second. Slots alone show that the attackers find out what there is to find. */
const REAL: readonly RealPolicy[] = [
  { name: 'slots 1 s', environment: { WAKE_POLICY: 'slots' } },
  {
    name: `cohorts of ${SIZE}, slots 1 s`,
    environment: { WAKE_POLICY: 'cohorts', WAKE_COHORT_SIZE: `${SIZE}`, STORE: 'file' },
    bound: 1 / SIZE,
  },
];

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean' },
    large: { type: 'boolean' },
    real: { type: 'boolean' },
    only: { type: 'string' },
    write: { type: 'boolean' },
  },
});

/** The virtual market, policy by policy. @returns whether every bound holds */
async function attackInVirtualTime(extent: Extent): Promise<boolean> {
  const rows: Row[] = [];
  for (const policy of POLICIES) {
    if (values.only !== undefined && !policy.name.includes(values.only)) continue;
    process.stderr.write(`${policy.name} …\n`);
    rows.push({ policy, exposure: await exposureOf(policy, extent, SEED) });
  }
  const isWhole = extent === FULL && values.only === undefined;
  const breaks = isWhole ? [breaksTable(await breaksOf(cohorts(SIZE, 30), SIZE, extent, SEED))] : [];
  const shown = [exposureTable(rows, extent), ...breaks].join('\n\n');
  process.stdout.write(`\n${shown}\n`);
  if (isWhole && values.write === true) {
    const page = await readFile(PAGE, 'utf8');
    const [before = '', after = ''] = page.split(/<!-- bench:privacy -->[^]*<!-- end -->/);
    await writeFile(PAGE, `${before}<!-- bench:privacy -->\n\n${shown}\n\n<!-- end -->${after}`);
  }
  return report(brokenBounds(rows, extent));
}

/** The compiled program, under several policies at once. @returns whether every bound holds */
async function attackForReal(): Promise<boolean> {
  const exposures = await Promise.all(REAL.map(({ environment }) => realExposure(environment)));
  const rows = REAL.map((policy, at) => ({ policy, exposure: exposures[at] as RealExposure }));
  process.stdout.write(`\n${realTable(rows)}\n`);
  return report(brokenRealBounds(rows));
}

/** @returns whether no bound is broken */
function report(broken: readonly string[]): boolean {
  for (const line of broken) process.stderr.write(`${line}\n`);
  return broken.length === 0;
}

const chosen = values.smoke === true ? SMOKE : values.large === true ? LARGE : FULL;
const isBounded = values.real === true ? await attackForReal() : await attackInVirtualTime(chosen);
if (!isBounded) process.exitCode = 1;
