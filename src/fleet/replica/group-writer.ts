import type { Engine } from '../engine/engine.ts';
import type { FleetNames } from '../engine/names.ts';
import type { Change, ChangeGroup } from './change-queue.ts';
import type { RecordSealer } from './record-sealer.ts';
import type { ToldRenewal } from './renewal-codec.ts';
import { writeChanges, type SealedChange, type Verdict } from './write-changes.ts';

export interface GroupWriterOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly sealer: RecordSealer;
  /** Names this server in the log: random for each start. */
  readonly writer: Buffer;
}

/** What became of groups. */
export interface WrittenGroups {
  /** The number of the last change of all servers before these. */
  readonly before: number;
  /** For each group, the verdict on each of its changes. */
  readonly verdicts: readonly (readonly Verdict[])[];
}

/** Seals groups of changes and writes them in one step of the engine. */
export class GroupWriter {
  readonly #options: GroupWriterOptions;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
  }

  /** @throws EngineUnavailable, ScriptError */
  async write(groups: readonly ChangeGroup[]): Promise<WrittenGroups> {
    const { engine, names, sealer, writer } = this.#options;
    const counts = new Map<string, number>();
    for (const { changes } of groups)
      for (const { name } of changes) counts.set(name, (counts.get(name) ?? 0) + 1);
    // They are written before all others. So a renewal whose field is in another group, too, is written in its turn, as a whole record.
    const isRenewal = ({ changes: [first] }: ChangeGroup): boolean =>
      first?.mode === 'renew' && counts.get(first.name) === 1;
    const renewals = groups.filter(isRenewal).flatMap(({ changes }) => changes);
    const others = groups.filter((group) => !isRenewal(group));
    const written = await writeChanges(engine, names, writer, {
      renewals: {
        changes: renewals.map((change) => this.#sealed(change)),
        told: renewals.length === 0 ? Buffer.of() : sealer.sealRenewals(renewals.flatMap(renewalOf)),
      },
      groups: others.map(({ changes }) => changes.map((change) => this.#sealed(change))),
    });
    let [renewed, changed] = [0, 0];
    const verdicts = groups.map((group) =>
      isRenewal(group) ? [written.renewals[renewed++] ?? 'conflict'] : (written.groups[changed++] ?? []),
    );
    return { before: written.before, verdicts };
  }

  #sealed({ base, field, mode, record }: Change): SealedChange {
    const { names, sealer } = this.#options;
    return { mode, field, shard: names.shardOf(field), base, value: sealer.seal(record, field) };
  }
}

function renewalOf({ field, record }: Change): ToldRenewal[] {
  if (record.type !== 'registered') return [];
  const { expiresAt, registeredAt, tradePubkey } = record.registration;
  return [{ field, tradePubkey, registeredAt, expiresAt }];
}
