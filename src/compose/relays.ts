import type { CompositionOptions, CompositionOverrides } from './options.ts';
import type { ProgramTime } from './time.ts';
import type { EventIntake } from '../core/intake/event-intake.ts';
import type { EventVerifier } from '../core/nostr/event-verifier.ts';
import type { ProofsOfLife } from '../core/intake/proofs-of-life.ts';
import type { InstancePubkeys } from '../core/registry/instance-pubkeys.ts';
import { RelayLists } from '../core/intake/relay-lists.ts';
import { eventSigner } from '../crypto/event-signer.ts';
import { userAgent } from '../lib/user-agent.ts';
import type { WayOut } from '../net/way-out.ts';
import { discoveryGuard } from '../relay/connection/discovery-guard.ts';
import { RelayPool } from '../relay/connection/relay-pool.ts';
import type { RelayListIntake } from '../relay/live/relay-list-subscription.ts';
import { RELAY_TIMING } from '../relay/connection/relay-timing.ts';

interface Shared {
  readonly time: ProgramTime;
  readonly intake: EventIntake;
  readonly instances: Pick<InstancePubkeys, 'all' | 'onChange'>;
  readonly verifier: EventVerifier;
  readonly proofs: ProofsOfLife | undefined;
  readonly wayOut: WayOut;
}

/** The relays that are watched: those of the configuration, and those that Mostro instances publish (contract 2). */
export function composeRelays(
  { config, serverKey, telemetry, version }: CompositionOptions,
  { dnsServers, relayTiming }: CompositionOverrides,
  { instances, intake, proofs, time, verifier, wayOut }: Shared,
): RelayPool {
  const { clock, mayExpire, monotonic, skew } = time;
  const { relayDiscovery } = config.mostro;
  const instancePubkeys = instances.all;
  const guard = discoveryGuard(config.unifiedPush.allowPrivateEndpoints, dnsServers);
  const { allows } = guard;
  const lists = relayDiscovery
    ? new RelayLists({ instancePubkeys, verifier, allows, clock, mayExpire })
    : undefined;
  const relayLists: RelayListIntake | undefined = lists && {
    instancePubkeys,
    onChange: (callback) => instances.onChange(callback),
    adopt: (event) => {
      const verdict = lists.adopt(event);
      telemetry.count('relay_lists', { verdict });
      if (verdict === 'adopted') pool.follow();
      return verdict;
    },
  };
  const pool: RelayPool = new RelayPool({
    urls: config.relays.urls,
    published: () => lists?.urls() ?? [],
    wall: () => Date.now(),
    environment: {
      kinds: config.relays.kinds,
      intake,
      relayLists,
      signer: eventSigner(serverKey),
      userAgent: userAgent(version),
      telemetry,
      timing: relayTiming ?? RELAY_TIMING,
      clock,
      mayExpire,
      monotonic,
      proofs,
      guard,
      wayOut,
      onDate: (relay, date) => skew.note(relay, date),
    },
  });
  return pool;
}
