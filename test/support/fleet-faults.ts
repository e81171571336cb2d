import { setTimeout as delay } from 'node:timers/promises';

import type { Draw } from './draw.ts';
import type { Fault, FleetAttack } from './fleet-attack.ts';
import type { FleetProgram } from './fleet-of-programs.ts';

/** What may go wrong in a fleet. Each ends by itself. */
export const FLEET_FAULTS: Readonly<Record<string, Fault>> = {
  'a server is killed, and another one starts': async (attack, ms, draw) => {
    const server = attack.victim(draw);
    if (server === undefined) return;
    attack.edge();
    await attack.without(server, async () => void (await end(server, 'SIGKILL')));
    await delay(ms / 3);
    await attack.fleet.join();
  },
  'a server is stopped, and another one starts': async (attack, _ms, draw) => {
    const server = attack.victim(draw);
    if (server === undefined) return;
    await attack.without(server, async () => void (await end(server, 'SIGTERM')));
    await attack.fleet.join();
  },
  'a server stands still': async (attack, ms, draw) => {
    const server = attack.victim(draw);
    if (server === undefined) return;
    attack.edge();
    await attack.without(server, async () => {
      server.program.kill('SIGSTOP');
      await delay(ms);
      server.program.kill('SIGCONT');
    });
    attack.edge();
  },
  'a server is cut off from the engine': (attack, ms, draw) =>
    withoutEngine(attack, { ms, draw, how: 'refuse' }),
  'the line of a server to the engine is dead': (attack, ms, draw) =>
    withoutEngine(attack, { ms, draw, how: 'hold' }),
  'a server is cut off from the common relay': async (attack, ms, draw) => {
    const server = attack.victim(draw);
    server?.sight.refuse();
    await delay(ms);
    server?.sight.restore();
  },
  'the engine stands still': (attack, ms) =>
    attack.atEngine(async () => {
      attack.fleet.engine.freeze();
      await delay(ms / 2);
      attack.fleet.engine.thaw();
    }),
  'the engine dies, and is back with nothing': (attack, ms) =>
    attack.atEngine(async () => {
      await attack.fleet.engine.kill();
      await delay(ms / 3);
      await attack.fleet.engine.runEmpty();
    }),
  'the engine dies, and is back as it was a while before': (attack, ms) =>
    attack.atEngine(async () => {
      await attack.fleet.engine.command('SAVE');
      await delay(ms / 3);
      attack.edge();
      await attack.fleet.engine.kill();
      await delay(ms / 3);
      await attack.fleet.engine.run();
    }),
  'the engine is slow': async (attack, ms, draw) => {
    const from = performance.now();
    const slowMs = 30 + draw(300);
    for (const { wire } of attack.fleet.servers) wire.delay(slowMs);
    await delay(ms);
    for (const { wire } of attack.fleet.servers) wire.restore();
    attack.account.disturbed(from, performance.now());
    attack.edge();
  },
  'FCM is out of order for a while': (attack, ms) => withAnswers(attack, ms, { status: 503 }),
  'FCM asks for a pause': (attack, ms) =>
    withAnswers(attack, ms, { status: 429, headers: { 'retry-after': '1' } }),
  'FCM cuts all connections': async ({ account, fleet }) => {
    const now = performance.now();
    account.disturbed(now - 1000, now + 500);
    fleet.google.destroySessions();
  },
};

async function end({ program }: FleetProgram, signal: NodeJS.Signals): Promise<number | null> {
  program.kill(signal);
  return program.exited;
}

/** A server alone does not reach the engine: after a lease others wake its devices, too. */
async function withoutEngine(
  attack: FleetAttack,
  { draw, how, ms }: { readonly draw: Draw; readonly how: 'refuse' | 'hold'; readonly ms: number },
): Promise<void> {
  const server = attack.victim(draw);
  if (server === undefined) return;
  const from = performance.now();
  attack.edge();
  server.wire[how]();
  await delay(ms);
  server.wire.restore();
  attack.account.disturbed(from, performance.now());
  attack.edge(3000);
}

async function withAnswers(
  { fleet: { google } }: FleetAttack,
  ms: number,
  answer: { readonly status: number; readonly headers?: Record<string, string> },
): Promise<void> {
  let count = 0;
  google.answer = () => (count++ % 2 === 0 ? { ...answer, body: '' } : undefined);
  await delay(ms / 3);
  google.answer = undefined;
}
