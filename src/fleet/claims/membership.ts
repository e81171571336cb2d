import { randomBytes } from 'node:crypto';

import { mixed } from '../engine/lot.ts';
import { SESSION_BYTES, type FleetNames } from '../engine/names.ts';

/** So many names of groups are remembered. */
const MOST_GROUPS = 16_384;

/** The part of a session's id that is its server's. */
const SERVER_BYTES = 4;

/** A server that lives. */
interface Member {
  readonly session: Buffer;
  /** Made of the part of the id that stays when the server has to take another id: it keeps its groups. */
  readonly number: number;
}

/**
 * The servers that live, and which of them owns which group: by rendezvous hashing, so that a server that comes or goes changes the owner of
 * its own share of the groups only.
 */
export class Membership {
  readonly #names: FleetNames;
  /** The names of groups that this server has asked for. */
  readonly #groups = new Map<string, Buffer>();
  #members: readonly Member[];
  #own: Buffer;

  constructor(names: FleetNames, own: Buffer) {
    this.#names = names;
    this.#own = own;
    this.#members = [memberOf(own)];
  }

  get size(): number {
    return this.#members.length;
  }

  /** The name of the group in the engine. */
  nameOf(group: string): Buffer {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    if (this.#groups.size >= MOST_GROUPS) this.#groups.clear();
    const name = this.#names.group(group);
    this.#groups.set(group, name);
    return name;
  }

  /** The session that owns the group. */
  ownerOf(group: string): Buffer {
    return this.#firstFor(this.#names.lot(group))?.session ?? this.#own;
  }

  /** Whether this server owns the groups with this lot, or would if those before it were gone. @param ranks 1 for the owner alone, 2 for the next one too */
  isAmongFirst(lot: number, ranks: 1 | 2): boolean {
    if (this.#members.length <= ranks) return true;
    const first = this.#firstFor(lot);
    return first?.session === this.#own || (ranks === 2 && this.#firstFor(lot, first)?.session === this.#own);
  }

  /**
   * @param live the ids of sessions that live, 8 bytes each
   * @param ended the ids of sessions that have ended, if others may live that `live` does not name: then all other members stay
   * @returns whether it is another membership than before
   */
  update(own: Buffer, live: Buffer, ended?: Buffer): boolean {
    const sessions: Buffer[] = [own];
    for (let at = 0; at + SESSION_BYTES <= live.length; at += SESSION_BYTES) {
      const session = live.subarray(at, at + SESSION_BYTES);
      if (!session.equals(own)) sessions.push(session);
    }
    for (const { session, number } of ended === undefined ? [] : this.#members)
      if (!ended?.includes(session) && !sessions.some((other) => memberOf(other).number === number))
        sessions.push(session);
    const isSame =
      sessions.length === this.#members.length &&
      sessions.every((session) => this.#members.some((member) => member.session.equals(session)));
    if (isSame) return false;
    this.#own = own;
    this.#members = sessions.map(memberOf);
    return true;
  }

  /** The member that owns the groups with this lot. @param but leaves out this one: the next one is found */
  #firstFor(lot: number, but?: Member): Member | undefined {
    let first: Member | undefined;
    let highest = -1;
    for (const member of this.#members) {
      const score = mixed(lot ^ member.number);
      if (member === but || score <= highest) continue;
      first = member;
      highest = score;
    }
    return first;
  }
}

/** A new id for a server. @param former its former id: the server keeps its groups */
export function newSession(former?: Buffer): Buffer {
  const session = randomBytes(SESSION_BYTES);
  former?.copy(session, 0, 0, SERVER_BYTES);
  return session;
}

function memberOf(session: Buffer): Member {
  return { session, number: mixed(session.readInt32BE(0)) };
}
