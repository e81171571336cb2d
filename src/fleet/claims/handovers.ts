import type { WakeShareListener } from '../../core/fleet/wake-share.ts';
import type { DeviceWindow } from '../../core/waking/device-window.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import {
  EngineUnavailable,
  type Engine,
  type EngineReply,
  type StreamEntry,
  type StreamPlace,
} from '../engine/engine.ts';
import { NAME_BYTES, type FleetNames } from '../engine/names.ts';
import type { ValueSealer } from '../engine/value-sealer.ts';
import { CLAIM_LIFE_MS, newsHead, type ClaimBatches } from './claim-batches.ts';
import type { FleetOwedDevices } from './fleet-owed-devices.ts';
import type { FleetSession, KeptPause } from './fleet-session.ts';
import { ADOPT } from './adopt-script.ts';
import { PAUSE } from './pause-script.ts';
import { ROUTE } from './route-script.ts';
import { decodeOwed, decodeWake } from './wake-codec.ts';
import { decodeWindows } from './window-codec.ts';

/** So many things of a dead server are moved at once. */
const ADOPTED_AT_ONCE = 200;
/** While so many things that came are not dealt with, no more are read. */
const MOST_UNDER_WAY = 1000;
const FIRST_ID = '0-0';
const FIRST_CURSOR = '0';
/** Marks a claim or an owed wake that was pending at a dead server (`adopt-script.ts`). */
const ADOPTED = 'a';
/** Begin the names of what is no claim (`route-script.ts`). */
const OWED = 'o'.charCodeAt(0);
const PAUSED = 'z'.charCodeAt(0);
const MS_BYTES = 4;
const NO_VALUE = Buffer.alloc(0);

export interface HandoversOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly sealer: ValueSealer;
  readonly session: FleetSession;
  readonly batches: ClaimBatches;
  readonly listener: WakeShareListener;
  readonly owed: FleetOwedDevices;
  /** @see FleetWakeShareOptions.isCurrent */
  readonly isCurrent: () => boolean;
  readonly telemetry: Pick<Telemetry, 'count' | 'log'>;
  readonly onFault: (fault: unknown) => void;
}

/** Something that came to the inbox of a session of this server. */
interface Arrival {
  readonly session: Buffer;
  readonly name: Buffer;
  readonly sealed: Buffer;
  /** Its id in the inbox. */
  readonly id: string;
  /** It was pending at a dead server. */
  readonly isAdopted: boolean;
  /** For an owed wake: what runs for its device. */
  readonly windows: readonly DeviceWindow[];
}

/** What goes from server to server: wakes that are handed over, what the dead have left, pauses. */
export class Handovers {
  readonly #options: HandoversOptions;
  #inbox: { readonly session: Buffer; readonly key: string; after: string };
  #underWay = 0;
  #isAdopting = false;
  /** The kinds of values of which a rejection was logged. */
  readonly #rejected = new Set<string>();

  constructor(options: HandoversOptions) {
    this.#options = options;
    this.#inbox = this.#inboxOf(options.session.id);
  }

  /** The inbox, for `Engine.tail`. */
  places(): readonly StreamPlace[] {
    const { id } = this.#options.session;
    if (this.#inbox.session !== id) this.#inbox = this.#inboxOf(id);
    if (this.#underWay >= MOST_UNDER_WAY || !this.#options.isCurrent()) return [];
    return [{ key: Buffer.from(this.#inbox.key, 'latin1'), after: this.#inbox.after }];
  }

  /** Gets what `Engine.tail` has read. Other streams are none of its business. */
  onEntries(key: string, entries: readonly StreamEntry[]): void {
    const inbox = this.#inbox;
    // What is not taken now is read again.
    if (key !== inbox.key || !this.#options.isCurrent()) return;
    for (const { fields, id } of entries) {
      inbox.after = id;
      const [name = NO_VALUE, sealed = NO_VALUE, mark, left = NO_VALUE] = fields;
      void this.#takeIn({
        session: inbox.session,
        name,
        sealed,
        id,
        isAdopted: mark?.toString() === ADOPTED,
        windows: decodeWindows(left.subarray(1)),
      });
    }
  }

  pause(lane: string, ms: number): void {
    const { engine, names, sealer, session } = this.#options;
    if (!engine.isUp) return;
    const name = Buffer.concat([Buffer.of(PAUSED), names.lane(lane)]);
    const args = [session.id, name, Math.ceil(ms), sealer.seal(Buffer.from(lane), name)];
    engine.run(PAUSE, [names.prefix], args).catch((error: unknown) => this.#onError(error));
  }

  onPauses(pauses: readonly KeptPause[]): void {
    for (const { ms, name, sealed } of pauses) this.#onPaused(name, ms, sealed);
  }

  /** Takes over what dead sessions have left. With each beat the engine names them again. */
  adopt(sessions: readonly Buffer[]): void {
    if (this.#isAdopting || !this.#options.isCurrent()) return;
    this.#isAdopting = true;
    this.#adoptAll(sessions)
      .catch((error: unknown) => this.#onError(error))
      .finally(() => (this.#isAdopting = false));
  }

  async #adoptAll(sessions: readonly Buffer[]): Promise<void> {
    const { engine, names, session, telemetry } = this.#options;
    for (const dead of sessions) {
      let total = 0;
      for (let cursor = FIRST_CURSOR; cursor !== '';) {
        const args = [session.id, dead, ADOPTED_AT_ONCE, CLAIM_LIFE_MS, cursor];
        const reply = await engine.run(ADOPT, [names.prefix], args);
        const [next, moved] = Array.isArray(reply) ? (reply as readonly EngineReply[]) : [];
        cursor = String(next ?? '');
        total += Number(moved ?? 0);
      }
      if (total > 0) {
        telemetry.count('fleet_takeovers');
        telemetry.log('fleet.took_over', { count: total });
      }
    }
  }

  /** Deals with what came. What fails by a fault of this program stays where it is, so that another server may do better. */
  async #takeIn(arrival: Arrival): Promise<void> {
    this.#underWay++;
    try {
      if (!(await this.#dealWith(arrival))) return;
      const value = Buffer.concat([arrival.session, Buffer.from(arrival.id)]);
      this.#options.batches.tell(newsHead('S', arrival.name), value);
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#underWay--;
    }
  }

  /**
   * What was sealed by this fleet, and cannot be read, is of a newer version: it stays where it is, and a server of that version takes it over
   * when this one ends.
   *
   * @returns whether it is to be taken out of the engine
   */
  async #dealWith(arrival: Arrival): Promise<boolean> {
    const { listener, owed, sealer } = this.#options;
    const { isAdopted, name, sealed } = arrival;
    const [first] = name;
    if (name.length > NAME_BYTES && first === PAUSED) {
      this.#onPaused(name, sealed.length < MS_BYTES ? 0 : sealed.readUInt32BE(), sealed.subarray(MS_BYTES));
      return true;
    }
    const value = sealer.open(sealed, name);
    if (name.length > NAME_BYTES && first === OWED) {
      const wake = value && decodeOwed(value);
      if (wake !== undefined) listener.onOwed(owed.adopt(wake), arrival.windows);
      else this.#reject(value === undefined ? 'owed_wake' : 'newer_wake');
      return wake !== undefined || value === undefined;
    }
    const handed = value && decodeWake(value);
    if (handed === undefined) {
      this.#reject(value === undefined ? 'wake' : 'newer_wake');
      return value === undefined;
    }
    // The dead server may have left more than one server can send: the others own their share of the groups.
    if (isAdopted && (await this.#route(handed.wake.group, arrival))) return false;
    await listener.onHanded(handed.event, handed.wake);
    return true;
  }

  /** Brings what this session has adopted to the server whose group it is. @returns whether another server has it now */
  async #route(group: string, { id, name, session }: Arrival): Promise<boolean> {
    const { engine, names } = this.#options;
    const { membership } = this.#options.session;
    const args = [CLAIM_LIFE_MS, membership.nameOf(group), membership.ownerOf(group), name, id];
    try {
      const reply = await engine.run(ROUTE, [names.prefix], [session, ...args]);
      return String(reply) === 'H';
    } catch (error) {
      this.#onError(error);
      return false;
    }
  }

  #onPaused(name: Buffer, ms: number, sealed: Buffer): void {
    const lane = this.#options.sealer.open(sealed, name);
    if (lane === undefined) this.#reject('pause');
    else this.#options.listener.onPaused(lane.toString(), ms);
  }

  #reject(kind: 'wake' | 'newer_wake' | 'owed_wake' | 'pause'): void {
    const { telemetry } = this.#options;
    telemetry.count('fleet_values_rejected', { kind });
    if (this.#rejected.has(kind)) return;
    this.#rejected.add(kind);
    telemetry.log('fleet.value_rejected', { reason: kind });
  }

  #inboxOf(session: Buffer): { readonly session: Buffer; readonly key: string; after: string } {
    return { session, key: this.#options.names.inboxKey(session).toString('latin1'), after: FIRST_ID };
  }

  #onError(error: unknown): void {
    if (!(error instanceof EngineUnavailable)) this.#options.onFault(error);
  }
}
