import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { ApiLoad } from '../api-load.ts';
import { canPin, pinLoad } from '../cores.ts';
import { summarise, type Figure } from '../figure.ts';
import { STREAMS } from '../push-service.ts';
import { bare } from '../scenarios/bare.ts';
import { sealedBodies, sealedTokens } from '../sealed-bodies.ts';
import { Stage, type Extent } from '../stage.ts';
import { table } from '../table.ts';
import { MeasuredEngine } from './engine.ts';
import { delayFigures, loadFigures, type Load } from './figures.ts';
import { Fleet, type FleetSpan } from './fleet.ts';
import { latencies, registrations, wakes } from './loads.ts';

const RESULTS = 'bench/results';
/** Pushes that FCM may get at a low rate, for each kind of server. */
const DELAYS = 500;
/** By then the servers have done what comes after a start. */
const SETTLING_MS = 4000;
const REST_MS = 3000;
/** Rounds before those that count. */
const WARMING = 2;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    share: { type: 'string', default: '2000' },
    servers: { type: 'string', default: '1,2,4' },
    only: { type: 'string' },
    profile: { type: 'string' },
  },
});
const [rounds, share] = [Number(values.rounds), Number(values.share)];
const isAsked = (name: string): boolean => values.only === undefined || values.only.split(',').includes(name);

/** One server with `STORE=file`, and fleets. */
interface Subjects {
  readonly engine: MeasuredEngine;
  readonly file: Fleet;
  readonly fleets: ReadonlyMap<number, Fleet>;
  /** As many servers as the fleets have, each a fleet of its own. */
  readonly apart: ReadonlyMap<number, Fleet>;
}

async function begin(stage: Stage): Promise<Subjects> {
  const engine = await MeasuredEngine.start(stage.directory);
  const start = (name: string, count: number, isApart: boolean, from: number): Promise<Fleet> =>
    Fleet.start(stage, engine, {
      name,
      count,
      isApart,
      environment: (n) => ({ STORE: 'redis', REDIS_URL: engine.url(isApart ? from + n : from) }),
    });
  const file = await Fleet.start(stage, engine, {
    name: 'file',
    count: 1,
    environment: () => ({ STORE: 'file' }),
  });
  const [fleets, apart] = [new Map<number, Fleet>(), new Map<number, Fleet>()];
  let database = 0;
  for (const count of values.servers.split(',').map(Number)) {
    fleets.set(count, await start(`fleet${count}`, count, false, database));
    database += 1;
    if (count > 1) apart.set(count, await start(`apart${count}`, count, true, database));
    database += count;
  }
  await delay(SETTLING_MS);
  return { engine, file, fleets, apart };
}

/** A load at every subject in turn, after a round to warm up. */
async function inTurn(
  { apart, file, fleets }: Subjects,
  load: (fleet: Fleet) => Promise<FleetSpan>,
  limit: () => Promise<number>,
): Promise<Pick<Load, 'file' | 'fleets' | 'apart'> & { limits: number[] }> {
  const spans = { file: [] as FleetSpan[], fleets: new Spans(), apart: new Spans(), limits: [] as number[] };
  for (let round = -WARMING; round < rounds; round++) {
    if (round === 0) for (const all of [spans.file, spans.limits]) all.length = 0;
    if (round === 0) for (const all of [spans.fleets, spans.apart]) all.clear();
    // Not before: a server that has just started is not at rest, and its code is not compiled for speed.
    if (round === 0) await Fleet.rest([file, ...fleets.values(), ...apart.values()], REST_MS);
    spans.limits.push(await limit());
    spans.file.push(await load(file));
    for (const [count, fleet] of fleets) {
      const separate = apart.get(count);
      if (separate !== undefined) spans.apart.note(count, await load(separate));
      spans.fleets.note(count, await load(fleet));
    }
  }
  return spans;
}

/** Spans by the number of servers. */
class Spans extends Map<number, FleetSpan[]> {
  note(count: number, span: FleetSpan): void {
    this.set(count, [...(this.get(count) ?? []), span]);
  }
}

async function wakeFigures(stage: Stage, subjects: Subjects): Promise<Figure[]> {
  await using limiter = await stage.limit('verify-and-post', String(STREAMS));
  const { apart, file, fleets, limits } = await inTurn(
    subjects,
    (fleet) => wakes(stage, fleet, share),
    async () => ((await bare(stage, limiter, share)).cpuMs * 1000) / share,
  );
  const found = loadFigures({
    what: 'a wake',
    share,
    file,
    fleets,
    apart,
    bare: { what: 'verify and bare node:http2', samples: limits },
    mostAlone: 1.35,
  });
  for (const [count, fleet] of subjects.fleets) {
    const events = (rounds + WARMING) * share * count;
    found.push({
      what: `signatures verified for each event, ${count === 1 ? 'one server' : `${count} servers`}`,
      unit: '',
      samples: [(await fleet.metric('events_verified_total')) / events],
      moreIsBetter: false,
    });
  }
  return found;
}

async function registrationFigures(stage: Stage, subjects: Subjects): Promise<Figure[]> {
  const tokens = sealedTokens(stage.privateKey);
  await using handler = await stage.limit('empty-handler');
  const [, port = ''] = await handler.untilPrinted(/port (\d+)/);
  await using api = new ApiLoad(`http://127.0.0.1:${port}`);
  await using unsealing = await stage.limit(
    'unseal',
    stage.privateKey,
    ...tokens.map((token) => token.toString('hex')),
  );
  const { apart, file, fleets, limits } = await inTurn(
    subjects,
    (fleet) => registrations(fleet, tokens, share),
    async () => {
      const bodies = sealedBodies(tokens, share);
      const handled = await handler.during(() =>
        api.post('/api/register', share, (n) => bodies[n] as string),
      );
      const opened = await unsealing.during(async () => {
        const answer = unsealing.answer('opened');
        unsealing.tell({ count: share });
        await answer;
      });
      return ((handled.cpuMs + opened.cpuMs) * 1000) / share;
    },
  );
  return loadFigures({
    what: 'a sealed registration',
    share,
    file,
    fleets,
    apart,
    bare: { what: 'fastify with an empty handler, and bare unsealing', samples: limits },
  });
}

async function latencyFigures(stage: Stage, { file, fleets }: Subjects): Promise<Figure[]> {
  const all = new Map<Fleet, number[][]>();
  for (let round = 0; round < rounds; round++)
    for (const fleet of [file, ...fleets.values()])
      all.set(fleet, [...(all.get(fleet) ?? []), await latencies(stage, fleet, DELAYS)]);
  const beside = all.get(file) ?? [];
  const what = 'event sent to push received, 100 a second';
  return [
    ...delayFigures(`${what}, STORE=file`, beside, undefined),
    ...[...fleets].flatMap(([count, fleet]) =>
      delayFigures(`${what}, a fleet of ${count}`, all.get(fleet) ?? [], beside),
    ),
  ];
}

function idleFigures({ file, fleets }: Subjects): Figure[] {
  return [
    idleFigure('a server to which nothing happens, STORE=file', file),
    ...[...fleets].map(([count, fleet]) => idleFigure(`the same, in a fleet of ${count}`, fleet)),
  ];
}

function idleFigure(what: string, { idle }: Fleet): Figure {
  return { what, unit: 'ms/s', samples: idle.map((part) => part * 1000), moreIsBetter: false };
}

async function figures(stage: Stage, subjects: Subjects): Promise<Figure[]> {
  const found: Figure[] = [];
  if (isAsked('wakes')) found.push(...(await wakeFigures(stage, subjects)));
  if (isAsked('registrations')) found.push(...(await registrationFigures(stage, subjects)));
  if (isAsked('latency')) found.push(...(await latencyFigures(stage, subjects)));
  return [...idleFigures(subjects), ...found];
}

async function measured(stage: Stage, subjects: Subjects): Promise<Figure[]> {
  try {
    return await figures(stage, subjects);
  } finally {
    await end(subjects);
  }
}

async function end({ apart, engine, file, fleets }: Subjects): Promise<void> {
  for (const fleet of [file, ...fleets.values(), ...apart.values()]) await fleet[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
}

pinLoad();
const extent: Extent = { name: 'short', rounds, many: 0, seconds: 0, batch: share, overload: 0 };
await using stage = await Stage.set(
  extent,
  values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(values.profile)}`],
);
const summaries = (await measured(stage, await begin(stage))).map(summarise);
const processor = cpus()[0]?.model ?? 'unknown';
process.stdout.write(
  `\nNode ${process.version}, ${cpus().length} cores of ${processor}${canPin() ? ', pinned' : ''}\n\n${table(summaries)}\n`,
);
await mkdir(RESULTS, { recursive: true });
const results = {
  node: process.version,
  processor,
  cores: cpus().length,
  pinned: canPin(),
  rounds,
  share,
  summaries,
};
const file = join(RESULTS, 'fleet.json');
await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
process.stdout.write(`\n${file}\n`);
