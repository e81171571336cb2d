import type { EventOfDevice, EventStanding } from '../../core/fleet/wake-share.ts';
import { EngineUnavailable, type Engine } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import type { ClaimBatches } from './claim-batches.ts';
import type { FleetSession } from './fleet-session.ts';

export interface StandingsOptions {
  readonly engine: Pick<Engine, 'isUp'>;
  readonly names: FleetNames;
  readonly batches: ClaimBatches;
  readonly session: Pick<FleetSession, 'isSettled'>;
  readonly onFault: (fault: unknown) => void;
}

/** Looks how events stand, as far as the engine can know. */
export async function standingsOf(
  asked: readonly EventOfDevice[],
  { batches, engine, names, onFault, session }: StandingsOptions,
): Promise<readonly EventStanding[]> {
  try {
    if (!engine.isUp) throw new EngineUnavailable('');
    const standings = await batches.look(asked.map(({ device, event }) => names.claim(event, device)));
    if (session.isSettled) return standings;
    // After an outage the engine has yet to hear what other servers have done.
    return standings.map((standing) => (standing === 'open' ? 'unknown' : standing));
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) onFault(error);
    return asked.map(() => 'unknown');
  }
}
