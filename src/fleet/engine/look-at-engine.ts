import type { EngineAddress } from './engine-address.ts';
import type { EngineFacts } from './engine-facts.ts';
import { ENGINE_TIMING, lineLimits } from './engine-timing.ts';
import { FORMS } from './forms.ts';
import { Line } from './line.ts';
import type { FleetNames } from './names.ts';
import { openConnection } from './open-connection.ts';

const PINGS = 5;

/** What one look at an engine shows. */
export interface EngineLook {
  readonly facts: EngineFacts;
  /** The form of the data in the database; absent if no server has used it. */
  readonly form: number | undefined;
  /** How long the fastest of a few answers took, in milliseconds. */
  readonly answerMs: number;
}

/** Dials once, with all checks of a start, and changes nothing that servers use. @throws EngineRefused, EngineUnavailable */
export async function lookAtEngine(address: EngineAddress, names: FleetNames): Promise<EngineLook> {
  const { dialLimitMs, firstAnswerLimitMs: answerLimitMs } = ENGINE_TIMING;
  const { signal } = new AbortController();
  const options = { address, names, dialLimitMs, answerLimitMs, signal, forms: FORMS, isLook: true } as const;
  const { connection, facts, marker } = await openConnection(options);
  const line = new Line(connection, lineLimits(ENGINE_TIMING));
  try {
    let answerMs = Infinity;
    for (let ping = 0; ping < PINGS; ping++) {
      const from = performance.now();
      await line.call('GET', names.sequence);
      answerMs = Math.min(answerMs, performance.now() - from);
    }
    return { facts, form: marker?.form, answerMs };
  } finally {
    line.close();
  }
}
