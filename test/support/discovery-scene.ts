import type { NostrEvent } from 'nostr-tools/pure';

import { Daemon } from '../../stand-ins/daemon.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { keep } from './keep.ts';
import { relayLines } from './relay-lines.ts';
import { setScene, type Scene } from './scene.ts';
import type { TestServerOptions } from './test-server.ts';
import { eventFor } from './wire-events.ts';

export interface DiscoveryScene extends Scene {
  /** The instance whose relay list counts. */
  readonly mostro: Daemon;
  /** A relay that no list names yet. */
  readonly other: RelayStandIn;
}

/** A scene whose server follows the relay lists of an instance. */
export async function setDiscoveryScene(
  options: Omit<TestServerOptions, 'google' | 'relays'> = {},
): Promise<DiscoveryScene> {
  const mostro = keep(new Daemon());
  const [relay, other] = [keep(await RelayStandIn.start()), keep(await RelayStandIn.start())];
  const environment = {
    MOSTRO_PUBKEYS: mostro.pubkey,
    MOSTRO_RELAY_DISCOVERY: 'true',
    ...options.environment,
  };
  const scene = await setScene({ ...options, relays: [relay], environment });
  await relay.subscribed(10_002);
  return { ...scene, mostro, other };
}

/** The URLs of the discovered relays that the server watches. */
export async function discovered({ server }: DiscoveryScene): Promise<string[]> {
  return (await relayLines(server)).filter((line) => line.discovered).map(({ url }) => url);
}

/** The first kind of every REQ that a relay was sent. */
export function kindsAsked({ requests }: RelayStandIn): unknown[] {
  return requests.all.map(({ filters }) => filters[0]?.kinds?.[0]);
}

/** The metric that counts the relay lists with this verdict. */
export function listsOf(verdict: 'adopted' | 'ignored' | 'forged'): string {
  return `mostro_push_relay_lists_total{verdict="${verdict}"}`;
}

/** A relay list (NIP-65) of an instance. @param version a higher one is newer */
export function relayList({ secretKey }: Daemon, version: number, ...relays: string[][]): NostrEvent {
  // One minute for each version: no two lists have the same time, and all are in the past.
  const ageSeconds = 6000 - 60 * version;
  const tags = relays.map((relay) => ['r'].concat(relay));
  return eventFor([], { kind: 10_002, tags, secretKey, ageSeconds, content: '' });
}
