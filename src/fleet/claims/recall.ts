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
/** So many pieces are on their way to the engine at once: on a long way each takes its time, and until all are told nobody acts for another. */
const PIECES_AT_ONCE = 16;

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
    await sendAll(pieces, (piece) => engine.run(RESTORE, [names.prefix], [CLAIM_LIFE_MS, piece]));
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
    await sendAll(piecesOf([...groups], GROUPS_AT_ONCE), (some) => this.#options.batches.tellAgain(some));
  }

  async #claimAgain(): Promise<void> {
    const { batches, open } = this.#options;
    await sendAll(piecesOf([...open], CLAIMS_AT_ONCE), async (some) => {
      const answers = await batches.claimAgain(some.flatMap((claim) => this.#argsOf(claim)));
      for (const [index, claim] of some.entries()) open.mark(claim, answers[index]?.outcome !== 'won');
    });
  }

  #argsOf({ event, name, wake }: OpenClaim): [head: Buffer, sealed: Buffer] {
    const { sealer, session } = this.#options;
    const group = session.membership.nameOf(wake.group);
    return [headOf(name, group, 'again', session.id), sealer.seal(encodeWake(event, wake), name)];
  }
}

function* piecesOf<One>(all: readonly One[], atOnce: number): Generator<readonly One[]> {
  for (let from = 0; from < all.length; from += atOnce) yield all.slice(from, from + atOnce);
}

/** Sends pieces in any order. Rejects with the first failure, and sends no more then. */
async function sendAll<Piece>(
  pieces: Generator<Piece>,
  send: (piece: Piece) => Promise<unknown>,
): Promise<void> {
  const sendSome = async (): Promise<void> => {
    for (let next = pieces.next(); next.done !== true; next = pieces.next()) await send(next.value);
  };
  try {
    await Promise.all(Array.from({ length: PIECES_AT_ONCE }, sendSome));
  } finally {
    pieces.return(undefined);
  }
}
