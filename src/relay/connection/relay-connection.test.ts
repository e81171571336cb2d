import { expect, test } from 'vitest';

import { admissionWithOneKey } from '../../../test/support/admission.ts';
import { unsignedEvent } from '../../../test/support/events.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/basics/clock.ts';
import { WAKING_KINDS } from '../../core/nostr/nostr-event.ts';
import { MemoryShare } from '../reconcile/memory-share.ts';
import { AuditPlaces } from '../gaps/audit-places.ts';
import { RelayConnection } from './relay-connection.ts';
import { RELAY_TIMING } from './relay-timing.ts';
import { DIRECTLY } from '../../../test/support/directly.ts';

test('the proof of life that a relay leaves for the next start is no more than 15 minutes after its last audit for kind 14, so that the recovery after a restart reaches that audit', async () => {
  const clock = new FakeClock();
  const begun = clock.now;
  const noted: Record<number, number> = {};
  const { admission } = await admissionWithOneKey();
  const connection = new RelayConnection({
    environment: {
      kinds: WAKING_KINDS,
      intake: { forRelay: () => admission },
      relayLists: undefined,
      signer: { sign: () => unsignedEvent() },
      userAgent: 'test',
      wayOut: DIRECTLY,
      telemetry: new FakeTelemetry(),
      timing: RELAY_TIMING,
      clock: clock.read,
      mayExpire: () => true,
      monotonic: clock.read,
      proofs: {
        of: () => undefined,
        latest: () => undefined,
        note: (_, kind, at) => {
          noted[kind] = at;
        },
      },
      guard: undefined,
      onDate: () => undefined,
    },
    url: 'wss://relay.example',
    written: 'wss://relay.example',
    discovered: false,
    // As if everything had come and been handled until an hour after the last audit.
    startedAt: begun + HOUR_MS,
    isAnotherConnected: () => false,
    totals: new Map(),
    auditPlaces: new AuditPlaces(),
    knownEvents: new MemoryShare(0),
  });
  clock.advance(HOUR_MS);
  connection.noteProofs();
  expect(noted).toEqual({ 14: begun + 15 * MINUTE_MS, 1059: begun + HOUR_MS });
});
