import type { WakeShareListener } from '../../core/fleet/wake-share.ts';
import type { Engine } from '../engine/engine.ts';
import { NAME_BYTES, type FleetNames } from '../engine/names.ts';
import type { ValueSealer } from '../engine/value-sealer.ts';
import { CLAIM_LIFE_MS, headOf, newsHead, type ClaimBatches } from './claim-batches.ts';
import { DOUBTFUL_MS, type ClaimRing } from './claim-ring.ts';
import type { FleetOwedDevices } from './fleet-owed-devices.ts';
import type { FleetSession } from './fleet-session.ts';
import type { OpenClaim, OpenClaims } from './open-claims.ts';
import { RESTORE } from './restore-script.ts';
import { encodeWake } from './wake-codec.ts';

/** So many claims are claimed again at once. */
const CLAIMS_AT_ONCE = 128;
/** So many are written to be done at once. */
const DONE_AT_ONCE = 512;
/** So many groups are told of at once, and in all. */
const GROUPS_AT_ONCE = 256;
const MOST_GROUPS = 200_000;

export interface RecallOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly sealer: ValueSealer;
  readonly session: FleetSession;
  readonly batches: ClaimBatches;
  readonly open: OpenClaims;
  readonly done: ClaimRing;
  readonly dropped: ClaimRing;
  readonly owed: FleetOwedDevices;
  readonly listener: Pick<WakeShareListener, 'running'>;
}

/** Tells the engine again what it may have lost, or never heard: an outage, a failover, an engine that was emptied. */
export class Recall {
  readonly #options: RecallOptions;
  #epoch: Buffer = Buffer.alloc(0);

  constructor(options: RecallOptions) {
    this.#options = options;
  }

  /** What is done comes first: then no other server does it once more. @throws EngineUnavailable */
  async all(): Promise<void> {
    const { batches, done, engine, names, owed } = this.#options;
    const isEmptied = this.#epoch.length > 0 && !engine.epoch.equals(this.#epoch);
    const pieces = isEmptied ? done.all(DONE_AT_ONCE) : done.recent(DONE_AT_ONCE);
    for (const piece of pieces) await engine.run(RESTORE, [names.prefix], [CLAIM_LIFE_MS, piece]);
    await this.#claimAgain();
    this.#dropAgain();
    await this.#runAgain(isEmptied ? Infinity : DOUBTFUL_MS);
    owed.writeAll();
    await batches.flush();
    this.#epoch = engine.epoch;
  }

  /** A wake that was dropped can be claimed by a copy of its event: an engine that has forgotten the drop takes the wake for claimed. */
  #dropAgain(): void {
    const { batches, dropped, open } = this.#options;
    const names = new Set(Array.from(open, ({ name }) => name.toString('latin1')));
    for (const piece of dropped.recent(DONE_AT_ONCE)) {
      for (let at = 0; at < piece.length; at += NAME_BYTES) {
        const name = piece.subarray(at, at + NAME_BYTES);
        if (!names.has(name.toString('latin1'))) batches.tell(newsHead('X', name), Buffer.of());
      }
    }
  }

  /** What holds back the next wakes of a group must hold them back also if the group goes to another server now. */
  async #runAgain(withinMs: number): Promise<void> {
    const groups = new Set<string>();
    for (const group of this.#options.listener.running(withinMs)) {
      groups.add(group);
      if (groups.size === MOST_GROUPS) break;
    }
    const all = [...groups];
    for (let from = 0; from < all.length; from += GROUPS_AT_ONCE)
      await this.#options.batches.tellAgain(all.slice(from, from + GROUPS_AT_ONCE));
  }

  async #claimAgain(): Promise<void> {
    const claims = [...this.#options.open];
    for (let from = 0; from < claims.length; from += CLAIMS_AT_ONCE) {
      const some = claims.slice(from, from + CLAIMS_AT_ONCE);
      const answers = await this.#options.batches.claimAgain(some.flatMap((claim) => this.#argsOf(claim)));
      for (const [index, claim] of some.entries())
        this.#options.open.mark(claim, answers[index]?.outcome !== 'won');
    }
  }

  #argsOf({ event, name, wake }: OpenClaim): [head: Buffer, sealed: Buffer] {
    const { sealer, session } = this.#options;
    const group = session.membership.nameOf(wake.group);
    return [headOf(name, group, 'again', session.id), sealer.seal(encodeWake(event, wake), name)];
  }
}
