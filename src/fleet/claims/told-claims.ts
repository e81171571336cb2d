import { SECOND_MS, type Schedule } from '../../core/basics/clock.ts';
import { EngineUnavailable, type Engine, type StreamEntry, type StreamPlace } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import type { ValueSealer } from '../engine/value-sealer.ts';
import { TELL_CLAIMS } from './tell-claims-script.ts';

/** What was claimed within this time is told together. It is less than the time that an owner has (`OwnerWatch`), and each message wakes every server up. */
const GATHER_MS = SECOND_MS / 4;
/** So many claims make a message: what comes within {@link GATHER_MS} at most, on one core. */
const FULL = 2000;
const HALF_BYTES = 16;
const CLAIM_BYTES = HALF_BYTES + 4;
const FROM_THE_FIRST = '0-0';

export interface ToldClaimsOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly sealer: ValueSealer;
  readonly schedule: Schedule;
  /** The session by which this server speaks now. */
  readonly session: () => Buffer;
  /** @see WakeShareListener.onTold */
  readonly onTold: (half: string, lot: number) => void;
  readonly onFault: (fault: unknown) => void;
}

/**
 * Tells the other servers which events this one has claimed, many in one message, so that they need not look. Nothing depends on it: an
 * event that was not told of is looked for.
 *
 * A claim is 20 bytes: the first half of the event's id, and the lot of the device.
 */
export class ToldClaims {
  readonly #options: ToldClaimsOptions;
  readonly #key: Buffer;
  readonly #stream: string;
  readonly #claims = Buffer.alloc(FULL * CLAIM_BYTES);
  #count = 0;
  #isScheduled = false;
  #after = FROM_THE_FIRST;

  constructor(options: ToldClaimsOptions) {
    this.#options = options;
    this.#stream = options.names.told;
    this.#key = Buffer.from(this.#stream, 'latin1');
    // Another engine may give lower numbers.
    options.engine.onUp(() => (this.#after = FROM_THE_FIRST));
  }

  /** This server has claimed the event. @param event its id, 64 hex digits */
  note(event: string, lot: number): void {
    const at = this.#count * CLAIM_BYTES;
    this.#claims.write(event, at, HALF_BYTES, 'hex');
    this.#claims.writeInt32BE(lot, at + HALF_BYTES);
    this.#count += 1;
    if (this.#count === FULL) this.#tell();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.schedule(GATHER_MS, () => {
      this.#isScheduled = false;
      this.#tell();
    });
  }

  /** The stream, for `Engine.tail`. */
  places(): readonly StreamPlace[] {
    return [{ key: this.#key, after: this.#after }];
  }

  /** Gets what `Engine.tail` has read. Other streams are none of its business. */
  onEntries(key: string, entries: readonly StreamEntry[]): void {
    if (key !== this.#stream) return;
    const { onTold, sealer, session } = this.#options;
    for (const { fields, id } of entries) {
      this.#after = id;
      const [teller, sealed] = fields;
      if (teller === undefined || sealed === undefined || teller.equals(session())) continue;
      // What cannot be read is left: the events are looked for.
      const claims = sealer.open(sealed, this.#placeOf(teller));
      if (claims === undefined) continue;
      for (let at = 0; at + CLAIM_BYTES <= claims.length; at += CLAIM_BYTES)
        onTold(claims.toString('hex', at, at + HALF_BYTES), claims.readInt32BE(at + HALF_BYTES));
    }
  }

  #tell(): void {
    const { engine, names, onFault, sealer, session } = this.#options;
    const claims = Buffer.from(this.#claims.subarray(0, this.#count * CLAIM_BYTES));
    this.#count = 0;
    if (claims.length === 0 || !engine.isUp) return;
    const teller = session();
    engine
      .run(TELL_CLAIMS, [names.told], [teller, sealer.seal(claims, this.#placeOf(teller))])
      .catch((error: unknown) => {
        if (!(error instanceof EngineUnavailable)) onFault(error);
      });
  }

  #placeOf(teller: Buffer): Buffer {
    return Buffer.concat([this.#key, teller]);
  }
}
