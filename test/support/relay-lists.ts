import type { NostrEvent } from '../../src/core/nostr/nostr-event.ts';
import type { EventVerifier } from '../../src/core/nostr/event-verifier.ts';
import { RelayLists } from '../../src/core/intake/relay-lists.ts';
import { unsignedEvent } from './events.ts';
import { FakeClock } from './fake-clock.ts';
import { tradeKey } from './registrations.ts';

export const [ALICE, BOB, CAROL] = [tradeKey(1), tradeKey(2), tradeKey(3)];
/** A signature that the fake verifier refuses. */
export const FORGED = '0'.repeat(128);
/** A signature for which the fake verifier has no answer. */
export const UNDECIDED = '1'.repeat(128);

interface RelayListScene {
  readonly lists: RelayLists;
  readonly clock: FakeClock;
  /** How many signatures were looked at. */
  readonly verified: () => number;
  /** A relay list by Alice, dated now. */
  readonly list: (tags: readonly (readonly string[])[], parts?: Partial<NostrEvent>) => NostrEvent;
}

/** The relay lists of Alice, Bob and Carol, in this order. A signature counts as genuine unless it is {@link FORGED}. */
export function relayListScene(allows: (url: URL) => boolean = () => true): RelayListScene {
  const clock = new FakeClock();
  let verified = 0;
  const verifier: EventVerifier = {
    verify: ({ sig }) => {
      verified++;
      return sig === UNDECIDED ? 'undecided' : sig === FORGED ? 'forged' : 'genuine';
    },
  };
  const lists = new RelayLists({
    instancePubkeys: new Set([ALICE, BOB, CAROL]),
    verifier,
    allows,
    clock: clock.read,
    mayExpire: () => true,
  });
  const list: RelayListScene['list'] = (tags, parts) =>
    unsignedEvent({ kind: 10_002, pubkey: ALICE, created_at: clock.seconds, tags, ...parts });
  return { lists, clock, verified: () => verified, list };
}

/** An `r` tag without a marker for each URL. */
export function relays(...names: string[]): string[][] {
  return names.map((name) => ['r', `wss://${name}.example`]);
}
