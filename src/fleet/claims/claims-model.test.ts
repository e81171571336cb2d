import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ClaimsModel, type ModelServer } from '../../../test/support/claims-model.ts';
import { describeEngine, EngineServer } from '../../../test/support/redis-engine.ts';

/** Set for a long search at random. Otherwise the same few walks are taken each time. */
const RUNS = process.env['MODEL_RUNS'];
const FEW = { numRuns: 5, seed: 1 };
/** The first failure ends the search: to look for a shorter walk takes as long as the search, and each walk can fail in another way. */
const MANY = { numRuns: Number(RUNS), endOnFailure: true };
/** A walk takes half a second. */
const LIMIT_MS = RUNS === undefined ? undefined : Number(RUNS) * 10_000;
const EVENTS = 8;

type Step = readonly [what: keyof typeof STEPS, which: number, event: number];

const at = (servers: readonly ModelServer[], which: number): ModelServer | undefined =>
  servers[which % Math.max(1, servers.length)];

/** What can happen. A step that cannot happen now is left out. */
const STEPS = {
  see: async (model: ClaimsModel, which: number, event: number) => {
    const server = at(model.alive, which);
    if (server !== undefined) await model.see(server, event);
  },
  look: async (model: ClaimsModel, which: number) => {
    const server = at(model.alive, which);
    if (server !== undefined) await model.look(server);
  },
  send: async (model: ClaimsModel, which: number) => {
    const server = at(model.alive, which);
    if (server !== undefined) await model.send(server);
  },
  drop: async (model: ClaimsModel, which: number) => {
    const server = at(model.alive, which);
    if (server !== undefined) await model.send(server, 'dropped');
  },
  beat: async (model: ClaimsModel, which: number) => {
    const server = at(model.alive, which);
    if (server !== undefined) await model.beat(server);
  },
  join: async (model: ClaimsModel) => {
    if (model.alive.length < 4) await model.join();
  },
  kill: async (model: ClaimsModel, which: number) => {
    const server = at(model.alive, which);
    if (server !== undefined && model.alive.length > 1) await model.kill(server);
  },
  freeze: async (model: ClaimsModel, which: number) => {
    const server = at(model.alive, which);
    if (server?.state === 'alive' && model.alive.length > 1) await model.freeze(server);
  },
  thaw: async (model: ClaimsModel) => {
    const server = model.servers.find(({ state }) => state === 'frozen');
    if (server !== undefined) await model.thaw(server);
  },
  cut: async (model: ClaimsModel, which: number) => {
    const server = at(model.alive, which);
    if (server?.state === 'alive') await model.cut(server);
  },
  heal: async (model: ClaimsModel) => {
    const server = model.servers.find(({ state }) => state === 'cut');
    if (server !== undefined) await model.heal(server);
  },
  save: (model: ClaimsModel) => model.save(),
  failOver: (model: ClaimsModel) => model.failOver({ isEmpty: false }),
  empty: (model: ClaimsModel) => model.failOver({ isEmpty: true }),
} as const;

const FAULTS = [
  'drop',
  'join',
  'kill',
  'freeze',
  'thaw',
  'cut',
  'heal',
  'save',
  'failOver',
  'empty',
] as const satisfies readonly (keyof typeof STEPS)[];

const step = fc.tuple(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant('see' as const) },
    { weight: 3, arbitrary: fc.constant('send' as const) },
    { weight: 2, arbitrary: fc.constant('look' as const) },
    { weight: 1, arbitrary: fc.constant('beat' as const) },
    { weight: 5, arbitrary: fc.constantFrom(...FAULTS) },
  ),
  fc.nat(3),
  fc.nat(EVENTS - 1),
);

describeEngine('claims', () => {
  test(
    'whatever fails, no event is lost that a living server saw, and only what was under way wakes twice',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 40 }), async (steps: readonly Step[]) => {
          const engine = await EngineServer.start();
          await using model = new ClaimsModel(engine);
          for (let number = 0; number < 3; number++) await model.join();
          for (const server of model.servers) await model.beat(server);
          for (const [what, which, event] of steps) await STEPS[what](model, which, event);
          const lost = (): number[] =>
            [...model.seen].filter((event) => !model.woken.has(event) && !model.mayLose.has(event));
          await model.settle(() => lost().length === 0);
          expect(lost()).toEqual([]);
          await model.repeat();
          const doubled = [...model.woken].filter(
            ([event, times]) => times > 1 && !model.mayDouble.has(event),
          );
          expect(doubled).toEqual([]);
          for (const server of model.servers) expect(server.faults).toEqual([]);
        }),
        RUNS === undefined ? FEW : MANY,
      );
    },
    LIMIT_MS,
  );
});
