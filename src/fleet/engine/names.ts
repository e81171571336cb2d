import type { Secret } from '../../core/basics/secret.ts';
import { hkdf } from '../../lib/hkdf.ts';
import { HmacSha256 } from '../../lib/hmac-sha256.ts';
import { lotOf } from './lot.ts';

const KEY_BYTES = 32;
const PREFIX_BYTES = 8;
/** The length of every name that stands for something. */
export const NAME_BYTES = 16;
/** The length of a session's id. */
export const SESSION_BYTES = 8;
/** The first half of an event's id names the event, in hex digits. */
const EVENT_DIGITS = 32;
/** Registrations lie in so many hashes. */
export const SHARDS = 256;

/** What a name stands for. A name of one use tells nothing of that of another. */
type Use = 'field' | 'claim' | 'group' | 'lane' | 'signature' | 'settings';

/**
 * The names of everything in the engine. A name is an HMAC under a key that is derived from the server's key, so whoever reads the engine
 * learns no trade pubkey, event, device or relay, and cannot look for one that is known. `mp` is the only name that every fleet uses.
 */
export class FleetNames {
  /** The marker of the database: whose fleet it belongs to. */
  readonly marker = 'mp';
  /** Tells two server keys apart, and tells nothing of the key. */
  readonly check: Buffer;
  /** Begins every key but the marker, and ends with a colon. */
  readonly prefix: string;
  /** May be written at any time. */
  readonly probe: string;
  /** The stream of all changes. */
  readonly log: string;
  /** The number of the last change. */
  readonly sequence: string;
  /** The number of the last removal. */
  readonly removals: string;
  /** Begins the name of each shard. */
  readonly shards: string;
  /** The sessions, by the time of their last beat. */
  readonly members: string;
  /** The pauses of lanes. */
  readonly pauses: string;
  /** With which settings servers run. */
  readonly settings: string;
  /** Held by the session that adopts from a dead one. */
  readonly adoption: string;
  /** In which each server tells what it has claimed. */
  readonly told: string;
  /** Spreads groups over the servers ({@link lotOf}): the same two numbers at each, and not known to others, so that nobody can choose the server of a device. */
  readonly #spread: readonly [number, number];
  readonly #macs: Readonly<Record<Use, HmacSha256>>;

  /** @param privateKey the server's, 32 bytes */
  constructor(privateKey: Secret<Uint8Array>) {
    const derive = (use: string, bytes: number): Buffer =>
      hkdf('', privateKey.reveal(), `mostro-push/fleet-${use}/v1`, bytes);
    this.check = derive('check', NAME_BYTES);
    this.prefix = `${derive('names', PREFIX_BYTES).toString('base64url')}:`;
    this.probe = `${this.prefix}t`;
    this.log = `${this.prefix}L`;
    this.sequence = `${this.prefix}S`;
    this.removals = `${this.prefix}D`;
    this.shards = `${this.prefix}R:`;
    this.members = `${this.prefix}m`;
    this.pauses = `${this.prefix}z`;
    this.settings = `${this.prefix}f`;
    this.adoption = `${this.prefix}a`;
    this.told = `${this.prefix}e`;
    const spread = derive('spread', 8);
    this.#spread = [spread.readInt32BE(0), spread.readInt32BE(4)];
    const mac = (use: string): HmacSha256 => new HmacSha256(derive(use, KEY_BYTES));
    this.#macs = {
      field: mac('fields'),
      claim: mac('claims'),
      group: mac('groups'),
      lane: mac('lanes'),
      signature: mac('signatures'),
      settings: mac('settings'),
    };
  }

  /** The hash with the records of one shard. */
  shard(number: number): string {
    return `${this.shards}${number}`;
  }

  /** The field of a record. @param subject what the record is about, without two meanings */
  field(subject: string): Buffer {
    return this.#name('field', subject);
  }

  /** The number of the shard in which a field lies. */
  shardOf(field: Buffer): number {
    return field[0] ?? 0;
  }

  /** @param event the id of the event, or its first half: hex digits in lower case @param device `deviceOf` its target */
  claim(event: string, device: string): Buffer {
    return this.#name('claim', `${event.slice(0, EVENT_DIGITS)} ${device}`);
  }

  claimKey(claim: Buffer): Buffer {
    return this.#key('c:', claim);
  }

  /** The name of a group, or of a device that is woken alone. */
  group(group: string): Buffer {
    return this.#name('group', group);
  }

  leaseKey(group: Buffer): Buffer {
    return this.#key('k:', group);
  }

  /** The lot of a group, or of a device that is woken alone. */
  lot(group: string): number {
    return lotOf(this.#spread, group);
  }

  lane(lane: string): Buffer {
    return this.#name('lane', lane);
  }

  /** @param event the id of the event that signs a request */
  signatureKey(event: string): Buffer {
    return this.#key('u:', this.#name('signature', event));
  }

  /** The name of the settings of a server. @param settings in a form that is the same for the same settings */
  settingsName(settings: string): Buffer {
    return this.#name('settings', settings);
  }

  /** What a session has claimed and not ended, and what it owes. */
  pendingKey(session: Buffer): Buffer {
    return this.#key('p:', session);
  }

  /** What other sessions have handed to a session. */
  inboxKey(session: Buffer): Buffer {
    return this.#key('q:', session);
  }

  /** Is there while the session lives. */
  aliveKey(session: Buffer): Buffer {
    return this.#key('n:', session);
  }

  #name(use: Use, text: string): Buffer {
    return this.#macs[use].digest(text, NAME_BYTES);
  }

  #key(kind: string, name: Buffer): Buffer {
    return Buffer.concat([Buffer.from(this.prefix + kind, 'latin1'), name]);
  }
}
