import { MINUTE_MS, SECOND_MS, unixSeconds, type Clock } from '../basics/clock.ts';
import { expirationOf, RELAY_LIST_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
import type { EventVerifier } from '../nostr/event-verifier.ts';
import { distinctRelays, parseRelayUrl } from '../nostr/relay-url.ts';

/** The most relays that are watched because Mostro instances publish them (contract 2). */
export const MAX_DISCOVERED_RELAYS = 20;
/** How far in the future a list may be dated, since clocks differ. A list with a later date would keep out every newer list of its author until that date. */
const MAX_AHEAD_SECONDS = (15 * MINUTE_MS) / SECOND_MS;
/** A longer URL is ignored. Real relay URLs are far shorter. */
const MAX_URL_CHARACTERS = 512;

export interface RelayListsOptions {
  /** `MOSTRO_PUBKEYS`: the instances whose lists count, in lower-case hex. */
  readonly instancePubkeys: ReadonlySet<string>;
  readonly verifier: EventVerifier;
  /** Whether a relay may be dialled because an instance names it. If not, the relay is skipped and takes no place in the list. */
  readonly allows: (url: URL) => boolean;
  readonly clock: Clock;
  /** Whether the time of day is trusted. If not, no list expires (contract 5). */
  readonly mayExpire: () => boolean;
}

/** The list of one instance. */
interface RelayList {
  readonly id: string;
  readonly createdAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** As the instance has written them. */
  readonly urls: readonly string[];
}

/** The relays that Mostro instances publish as theirs (NIP-65, contract 2). The newest list of each instance counts. */
export class RelayLists {
  readonly #options: RelayListsOptions;
  readonly #lists = new Map<string, RelayList>();

  constructor(options: RelayListsOptions) {
    this.#options = options;
  }

  /** Takes a list whose shape has been checked. It is verified last, because a relay may send an old list again and again. */
  adopt(event: NostrEvent): 'adopted' | 'ignored' | 'forged' {
    const { allows, clock, instancePubkeys, verifier } = this.#options;
    const { id, pubkey, kind, created_at: createdAt } = event;
    const now = unixSeconds(clock);
    const expiresAt = expirationOf(event) ?? Infinity;
    if (kind !== RELAY_LIST_KIND || !instancePubkeys.has(pubkey)) return 'ignored';
    if (createdAt > now + MAX_AHEAD_SECONDS || this.#hasExpired(expiresAt, now)) return 'ignored';
    if (!isNewer(event, this.#lists.get(pubkey))) return 'ignored';
    const authenticity = verifier.verify(event);
    if (authenticity !== 'genuine') return authenticity === 'forged' ? 'forged' : 'ignored';
    this.#lists.set(pubkey, { id, createdAt, expiresAt, urls: writeRelays(event, allows) });
    return 'adopted';
  }

  /** The relays now, as they are written: the first of each instance, then the second of each, and so on. So no instance crowds out another. */
  urls(): readonly string[] {
    const { clock, instancePubkeys } = this.#options;
    const now = unixSeconds(clock);
    const lists = [...instancePubkeys]
      .map((pubkey) => this.#lists.get(pubkey))
      .filter((list) => list !== undefined && !this.#hasExpired(list.expiresAt, now));
    const urls: string[] = [];
    for (let rank = 0; rank < MAX_DISCOVERED_RELAYS; rank++) {
      for (const list of lists) {
        const url = list?.urls[rank];
        if (url !== undefined) urls.push(url);
      }
    }
    return distinctRelays(urls).slice(0, MAX_DISCOVERED_RELAYS);
  }

  #hasExpired(expiresAt: number, now: number): boolean {
    return expiresAt <= now && this.#options.mayExpire();
  }
}

/** Whether the list replaces the current one. The later list counts; of two lists with the same time, the one with the lower id (NIP-01). */
function isNewer({ id, created_at: createdAt }: NostrEvent, current: RelayList | undefined): boolean {
  if (current === undefined) return true;
  return createdAt === current.createdAt ? id < current.id : createdAt > current.createdAt;
}

/** The first distinct relays that the author writes to. The marker of a relay is `read`, `write`, or absent for both (NIP-65). */
function writeRelays({ tags }: NostrEvent, allows: (url: URL) => boolean): readonly string[] {
  const urls = new Map<string, string>();
  for (const [name, written, marker = ''] of tags) {
    if (urls.size === MAX_DISCOVERED_RELAYS) break;
    if (name !== 'r' || written === undefined || (marker !== '' && marker !== 'write')) continue;
    // The length is checked before parsing and again after it, since encoding makes the URL longer.
    const url =
      written.length > MAX_URL_CHARACTERS ? undefined : parseRelayUrl(written, { credentials: false });
    if (url !== undefined && url.length <= MAX_URL_CHARACTERS && allows(new URL(url)) && !urls.has(url))
      urls.set(url, withoutFragment(written.trim()));
  }
  return [...urls.values()];
}

/** A fragment means nothing to a relay. */
function withoutFragment(url: string): string {
  return url.replace(/#.*$/s, '');
}
