import { expect, test } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { many, pick, seededDraw } from '../support/draw.ts';
import { FleetAttack } from '../support/fleet-attack.ts';
import { FLEET_FAULTS } from '../support/fleet-faults.ts';
import { describeEngine } from '../support/redis-engine.ts';

/** Each takes half a minute, so none is tried unless `ATTACK_RUNS` says how many. */
const RUNS = Number(process.env['ATTACK_RUNS'] ?? 0);
const SEED = Number(process.env['ATTACK_SEED'] ?? Date.now() % 1_000_000);

describeEngine('a fleet with random faults', () => {
  test.skipIf(RUNS === 0).each(Array.from({ length: Math.max(1, RUNS) }, (_, n) => SEED + n))(
    'loses no wake, and wakes twice only for what was under way (ATTACK_SEED=%i)',
    async (seed) => {
      const attack = await FleetAttack.start(seed);
      const draw = seededDraw(seed + 1);
      const names = many(1 + draw(3), () => pick(draw, Object.keys(FLEET_FAULTS)));
      await attack.run(names.map((name) => FLEET_FAULTS[name]).filter((fault) => fault !== undefined));
      const pushes = attack.fleet.google.pushes.all;
      const lost = attack.account.lost(pushes).map(({ what }) => what);
      expect({ seed, names, lost, doubled: attack.account.doubled(pushes) }).toEqual({
        seed,
        names,
        lost: [],
        doubled: [],
      });
    },
    PATIENCE_MS * 3,
  );
});
