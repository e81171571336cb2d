import { randomBytes } from 'node:crypto';

import { SESSION_BYTES, type FleetNames } from '../engine/names.ts';

/** So many names of groups are remembered. */
const MOST_GROUPS = 16_384;

/** The part of a session's id that is its server's. */
const SERVER_BYTES = 4;

/** A server that lives. */
interface Member {
  readonly session: Buffer;
  /** The part of the id that stays when the server has to take another id: it keeps its groups. */
  readonly word: number;
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
    return this.#rankedFor(group)[0]?.session ?? this.#own;
  }

  /** Whether this server owns the group, or would if those before it were gone. @param ranks 1 for the owner alone, 2 for the next one too */
  isAmongFirst(group: string, ranks: 1 | 2): boolean {
    if (this.#members.length <= ranks) return true;
    const [first, second] = this.#rankedFor(group);
    return first?.session === this.#own || (ranks === 2 && second?.session === this.#own);
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
    for (const { session, word } of ended === undefined ? [] : this.#members)
      if (!ended?.includes(session) && !sessions.some((other) => memberOf(other).word === word))
        sessions.push(session);
    const isSame =
      sessions.length === this.#members.length &&
      sessions.every((session) => this.#members.some((member) => member.session.equals(session)));
    if (isSame) return false;
    this.#own = own;
    this.#members = sessions.map(memberOf);
    return true;
  }

  /**
   * The first two members in the order in which they own the group. Found anew for each event: a fleet has few servers, and most events
   * are for devices of which this server hears once.
   */
  #rankedFor(group: string): readonly (Member | undefined)[] {
    let [first, second]: (Member | undefined)[] = [];
    let [firstScore, secondScore] = [-1, -1];
    let [a, b] = this.#names.spread;
    for (let at = 0; at < group.length; at++) {
      const code = group.charCodeAt(at);
      a = Math.imul(a ^ code, 0x0100_0193);
      b = Math.imul(b ^ code, 0x5bd1_e995) ^ (b >>> 15);
    }
    for (const member of this.#members) {
      const score = mix(a ^ member.word) * 0x20_0000 + (mix(b ^ member.word) >>> 11);
      if (score > firstScore) {
        [second, secondScore] = [first, firstScore];
        [first, firstScore] = [member, score];
      } else if (score > secondScore) [second, secondScore] = [member, score];
    }
    return [first, second];
  }
}

/** A new id for a server. @param former its former id: the server keeps its groups */
export function newSession(former?: Buffer): Buffer {
  const session = randomBytes(SESSION_BYTES);
  former?.copy(session, 0, 0, SERVER_BYTES);
  return session;
}

function memberOf(session: Buffer): Member {
  return { session, word: session.readInt32BE(0) };
}

/** Makes each bit of the result depend on all bits. */
function mix(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
