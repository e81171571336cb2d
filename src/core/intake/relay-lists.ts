import { MINUTE_MS, SECOND_MS, unixSeconds, type Clock } from '../basics/clock.ts';
import { expirationOf, RELAY_LIST_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
import type { EventVerifier } from '../nostr/event-verifier.ts';
import { parseRelayUrl } from '../nostr/relay-url.ts';

/** The most relays that are watched because somebody published them (contract 2). */
export const MAX_DISCOVERED_RELAYS = 20;
/** Room for a clock that is wrong. A list from further ahead would lock out every later one of its author until then. */
const MAX_AHEAD_SECONDS = (15 * MINUTE_MS) / SECOND_MS;
/** Addresses of relays are far shorter; what is longer is a load and no address. */
const MAX_URL_CHARACTERS = 512;

export interface RelayListsOptions {
  /** Whose lists count, in lower-case hex. */
  readonly authors: readonly string[];
  readonly verifier: EventVerifier;
  /** Whether a relay may be dialled because an author names it. One that may not is passed over, and takes no place. */
  readonly allows: (url: URL) => boolean;
  readonly clock: Clock;
  /** Whether the time of day is trusted: else no list expires (contract 5). Absent: always. */
  readonly mayExpire?: () => boolean;
}

/** What is kept of an author's list. */
interface RelayList {
  readonly id: string;
  readonly createdAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly urls: readonly string[];
}

/** The relays that Mostro instances publish as theirs (NIP-65, contract 2): of each author the newest list alone. */
export class RelayLists {
  readonly #options: RelayListsOptions;
  readonly #lists = new Map<string, RelayList>();

  constructor(options: RelayListsOptions) {
    this.#options = options;
  }

  /** Takes an event whose shape alone has been checked. Verifies it last: a relay may repeat an old list for ever. */
  adopt(event: NostrEvent): 'adopted' | 'ignored' | 'forged' {
    const { allows, authors, clock, verifier } = this.#options;
    const { id, pubkey, kind, created_at: createdAt } = event;
    const now = unixSeconds(clock);
    const expiresAt = expirationOf(event) ?? Infinity;
    if (kind !== RELAY_LIST_KIND || !authors.includes(pubkey)) return 'ignored';
    if (createdAt > now + MAX_AHEAD_SECONDS || this.#hasExpired(expiresAt, now)) return 'ignored';
    if (!isNewer(event, this.#lists.get(pubkey))) return 'ignored';
    const authenticity = verifier.verify(event);
    if (authenticity !== 'genuine') return authenticity === 'forged' ? 'forged' : 'ignored';
    this.#lists.set(pubkey, { id, createdAt, expiresAt, urls: writeRelays(event, allows) });
    return 'adopted';
  }

  /** The relays now: the first of each author, then the second of each, so that no instance crowds out another. */
  urls(): readonly string[] {
    const { authors, clock } = this.#options;
    const now = unixSeconds(clock);
    const lists = authors
      .map((author) => this.#lists.get(author))
      .filter((list) => list !== undefined && !this.#hasExpired(list.expiresAt, now));
    const urls = new Set<string>();
    for (let rank = 0; rank < MAX_DISCOVERED_RELAYS; rank++) {
      for (const list of lists) {
        const url = list?.urls[rank];
        if (url !== undefined && urls.size < MAX_DISCOVERED_RELAYS) urls.add(url);
      }
    }
    return [...urls];
  }

  #hasExpired(expiresAt: number, now: number): boolean {
    return expiresAt <= now && this.#options.mayExpire?.() !== false;
  }
}

/** Which of two replaceable events counts: the later one, and of two with one time the one with the lower id (NIP-01). */
function isNewer({ id, created_at: createdAt }: NostrEvent, held: RelayList | undefined): boolean {
  if (held === undefined) return true;
  return createdAt === held.createdAt ? id < held.id : createdAt > held.createdAt;
}

/** The first distinct relays that the author writes to; the marker is `read`, `write`, or absent for both (NIP-65). */
function writeRelays({ tags }: NostrEvent, allows: (url: URL) => boolean): readonly string[] {
  const urls = new Set<string>();
  for (const [name, written, marker = ''] of tags) {
    if (urls.size === MAX_DISCOVERED_RELAYS) break;
    if (name !== 'r' || written === undefined || (marker !== '' && marker !== 'write')) continue;
    // Before it is parsed, and after: encoding makes it longer.
    const url =
      written.length > MAX_URL_CHARACTERS ? undefined : parseRelayUrl(written, { credentials: false });
    if (url !== undefined && url.length <= MAX_URL_CHARACTERS && allows(new URL(url))) urls.add(url);
  }
  return [...urls];
}
