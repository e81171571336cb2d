import { setTimeout as delay } from 'node:timers/promises';

import type { Config } from '../../config/config.ts';
import { SECOND_MS } from '../../core/basics/clock.ts';
import { RESTRICTION_ALARMS } from '../../core/watch/alarms.ts';
import type { ClockSkew } from '../../core/watch/clock-skew.ts';
import type { RelayIntake } from '../../core/intake/event-intake.ts';
import { eventSigner } from '../../crypto/event-signer.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from '../../crypto/server-key.ts';
import type { WayOut } from '../../net/way-out.ts';
import { SILENT_TELEMETRY } from '../../ops/telemetry.ts';
import { RelayPool } from '../../relay/connection/relay-pool.ts';
import type { RelayStatus } from '../../relay/connection/relay-status.ts';
import { RELAY_TIMING } from '../../relay/connection/relay-timing.ts';
import { alarmed, failure, ok, warning, type Finding } from './finding.ts';

/** How long a relay may take to serve or refuse each kind. A slower relay is not reliable. */
const PATIENCE_MS = 12 * SECOND_MS;
const LOOK_MS = 50;

/** `doctor` has no registrations, so every event is for a stranger. */
const INTAKE: RelayIntake = {
  admit: () => 'unmatched',
  beginRecovery: () => ({
    admit: () => 'unmatched',
    wakesEnded: Promise.resolve(),
    end: () => undefined,
  }),
  hasRegistrations: () => false,
};

/** Listens to every relay as the server does, for a moment, and reports the result. */
export async function checkRelays(
  config: Config,
  key: ServerKey | undefined,
  skew: ClockSkew,
  userAgent: string,
  wayOut: WayOut,
): Promise<Finding[]> {
  const end = new AbortController();
  const pool = new RelayPool({
    urls: config.relays.urls,
    published: () => [],
    wall: Date.now,
    environment: {
      kinds: config.relays.kinds,
      intake: { forRelay: () => INTAKE },
      relayLists: undefined,
      // Before the first start there is no server key. A relay that asks for authentication then gets a fresh one.
      signer: eventSigner(key ?? strangersKey()),
      userAgent,
      telemetry: SILENT_TELEMETRY,
      timing: RELAY_TIMING,
      clock: Date.now,
      mayExpire: () => true,
      monotonic: () => performance.now(),
      proofs: undefined,
      guard: undefined,
      wayOut,
      onDate: (relay, date) => skew.note(relay, date),
    },
  });
  const running = pool.run(end.signal);
  const { kinds } = config.relays;
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline && !pool.status().every((relay) => isDecided(relay, kinds)))
    await delay(LOOK_MS);
  const statuses = pool.status();
  end.abort();
  await running;
  return [...statuses.flatMap((relay) => findings(relay, kinds)), ...coverage(statuses, kinds)];
}

function strangersKey(): ServerKey {
  const key = parseServerKey(generatePrivateKey());
  if (key === undefined) throw new TypeError('a generated key is no key');
  return key;
}

function isDecided({ liveKinds, lost, restricted }: RelayStatus, kinds: readonly number[]): boolean {
  const known = new Set([...liveKinds, ...restricted.map(({ kind }) => kind)]);
  return lost !== undefined || kinds.every((kind) => known.has(kind));
}

function findings(
  { authentication, liveKinds, lost, relay, restricted }: RelayStatus,
  kinds: readonly number[],
): Finding[] {
  if (lost !== undefined) {
    const finding = alarmed('relay unreachable', `${relay} was not reached (${lost.reason}).`);
    return [lost.remedy === undefined ? finding : { ...finding, remedy: lost.remedy }];
  }
  const refused = restricted.filter(({ reason }) => reason !== 'unconfirmed');
  const found = refused.map(({ kind, reason }) =>
    alarmed(RESTRICTION_ALARMS[kind], `${relay} does not serve kind ${kind} to this server (${reason}).`),
  );
  const silent = kinds.filter(
    (kind) => !liveKinds.includes(kind) && !refused.some((one) => one.kind === kind),
  );
  if (silent.length > 0)
    found.push(
      warning(
        `relay ${relay}`,
        `It is connected, but has not confirmed its subscriptions to kind ${silent.join(', ')} in ${PATIENCE_MS / SECOND_MS} s.`,
        'if it stays so, use another relay: wakes from this one may be late or lost',
      ),
    );
  if (authentication !== 'none')
    found.push(
      warning(
        `relay ${relay}`,
        `It asks for authentication (NIP-42; ${authentication}). It may withhold gift wraps from third parties, and this server is one (NIP-17).`,
        'check that test trades wake a device; if not, ask the relay’s operator to admit this server’s public key',
      ),
    );
  return found.length > 0 ? found : [ok(`relay ${relay}`, `It serves kind ${liveKinds.join(' and ')}.`)];
}

/** A kind that no relay serves at all is a failure of its own. */
function coverage(statuses: readonly RelayStatus[], kinds: readonly number[]): Finding[] {
  return kinds
    .filter((kind) => !statuses.some(({ liveKinds }) => liveKinds.includes(kind)))
    .map((kind) =>
      failure(
        'no relay is subscribed and past EOSE',
        `No relay serves kind ${kind}: its events wake no device.`,
        'add a relay that serves this kind to NOSTR_RELAYS',
      ),
    );
}
