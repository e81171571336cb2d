import { subscriptions } from '../devices.ts';
import type { Figure } from '../figure.ts';
import type { Span } from '../measured-process.ts';
import type { Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import { perWake } from './per-wake.ts';
import { wake } from './wake.ts';

const NAME = 'unifiedpush';
/** The most connections that the program opens to one host. */
const CONNECTIONS = 16;
/** The capacity of a lane's queue. Beyond it wakes are owed, which is not measured here. */
const MOST = 2000;

/** Matched events for distinct Web Push subscriptions at one push server, all at once: the wakes are encrypted and sent over kept connections. */
export async function unifiedPush(stage: Stage): Promise<Figure[]> {
  const batch = Math.min(stage.extent.batch, MOST);
  await using program = await stage.program(NAME, {
    environment: { UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true' },
  });
  await using limiter = await stage.limit(
    'verify-and-push',
    String(CONNECTIONS),
    stage.pushService.endpoints,
  );
  return await perWake(stage, {
    what: 'matched events to accepted Web Push messages of one host',
    count: batch,
    woken: () => woken(stage, program, batch),
    limit: { what: 'verify, encrypt and bare undici', process: limiter },
  });
}

async function woken(stage: Stage, program: Program, count: number): Promise<Span> {
  const devices = subscriptions(count, stage.pushService.endpoints);
  await program.register(count, (n) => devices[n] as (typeof devices)[number]);
  return wake(stage, program, NAME, devices);
}
