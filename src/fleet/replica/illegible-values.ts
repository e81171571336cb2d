import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { Illegible } from './record-sealer.ts';

const KINDS = { damaged: 'record', unknown: 'newer_record' } as const satisfies Record<Illegible, string>;

/** Counts the values of the engine that cannot be read, and tells of the first one of each kind. */
export class IllegibleValues {
  readonly #telemetry: Telemetry;
  readonly #told = new Set<Illegible>();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  note(why: Illegible): void {
    this.#telemetry.count('fleet_values_rejected', { kind: KINDS[why] });
    if (this.#told.has(why)) return;
    this.#told.add(why);
    this.#telemetry.log('fleet.value_rejected', { reason: KINDS[why] });
  }
}
