import { setTimeout as delay } from 'node:timers/promises';

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/core/basics/clock.ts';
import type { Telemetry } from '../../src/core/telemetry/telemetry.ts';
import { RelayPool } from '../../src/relay/connection/relay-pool.ts';
import { RELAY_TIMING } from '../../src/relay/connection/relay-timing.ts';
import { eventBytes, spreadWraps, StoredWraps } from './stored-wraps.ts';
import { WayOut } from '../../src/net/way-out.ts';

/** How many wraps the relay has stored in the two days before the cut. */
const STORED = Number(process.argv[2] ?? 1_000_000);
const CUTS = [
  ['a minute', MINUTE_MS],
  ['an hour', HOUR_MS],
  ['a day', DAY_MS],
] as const;
const NEVER = { minMs: DAY_MS, baseMs: DAY_MS, maxMs: DAY_MS };
const NO_AUDITS = {
  ...RELAY_TIMING.audit,
  messages: NEVER,
  wraps: NEVER,
  standstillMs: Infinity,
  burstEvents: Infinity,
};
/** Long enough that everything that the relay has stored counts as known. */
const LISTENED_MS = 5 * DAY_MS;
const LONGEST_MS = 9 * MINUTE_MS;
const MB = 1_000_000;

interface Cost {
  readonly receivedMb: number;
  readonly sentMb: number;
  readonly seconds: number;
  readonly outcome: string;
}

/** Counts bytes, and notices how the recovery of gift wraps ends. */
class Counting implements Telemetry {
  received = 0;
  ended: string | undefined;

  count(name: string, _labels?: object, by = 1): void {
    if (name === 'relay_received_bytes') this.received += by;
  }

  log(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (fields['kind'] !== 1059) return;
    if (event === 'relay.recovered') this.ended ??= 'complete';
    if (event === 'relay.recovery_incomplete') this.ended = `incomplete (${String(fields['reason'])})`;
    if (event === 'relay.reconciliation_failed')
      process.stderr.write(`${String(fields['reason'])} ${this.received}\n`);
  }

  observe(): void {}
  trace(): void {}
  pseudonym(): string {
    return '';
  }
}

/** One relay and one server that has listened to it for days. @param nips the NIPs that the relay offers */
async function measure(nips: readonly number[], cutMs: number): Promise<Cost> {
  await using relay = await StoredWraps.start(nips);
  const now = Math.floor(Date.now() / SECOND_MS);
  const known = spreadWraps('known', STORED, now);
  const count = Math.round((STORED * cutMs) / (2 * DAY_MS));
  relay.store([...known, ...spreadWraps('missed', count, now + cutMs / SECOND_MS)]);
  const time = { ahead: -LISTENED_MS };
  const clock = (): number => Date.now() + time.ahead;
  const telemetry = new Counting();
  const pool = poolOf(relay.url, clock, telemetry);
  const stop = new AbortController();
  const running = pool.run(stop.signal);
  while (relay.live.length === 0) await delay(10);
  await delay(500);
  time.ahead = 0;
  if (nips.includes(77)) await relay.sendLive(known);
  await delay(2000);
  relay.cut();
  time.ahead += cutMs;
  const [received, sent] = [telemetry.received, relay.received];
  while (relay.live.length === 0) await delay(5);
  const begun = performance.now();
  telemetry.ended = undefined;
  while (telemetry.ended === undefined && performance.now() - begun < LONGEST_MS) await delay(20);
  const cost = {
    receivedMb: (telemetry.received - received) / MB,
    sentMb: (relay.received - sent) / MB,
    seconds: (performance.now() - begun) / SECOND_MS,
    outcome: telemetry.ended ?? 'unfinished',
  };
  stop.abort();
  await running;
  return cost;
}

function poolOf(url: string, clock: () => number, telemetry: Telemetry): RelayPool {
  return new RelayPool({
    urls: [url],
    published: () => [],
    // No jump is seen in it.
    wall: () => 0,
    environment: {
      kinds: [1059],
      intake: {
        forRelay: () => ({
          admit: () => 'unmatched',
          beginRecovery: () => ({
            admit: () => 'unmatched',
            wakesEnded: Promise.resolve(),
            end: () => undefined,
          }),
          hasRegistrations: () => true,
        }),
      },
      relayLists: undefined,
      signer: {
        sign: () => {
          throw new Error('no challenge comes');
        },
      },
      userAgent: 'bench',
      wayOut: new WayOut({ proxy: undefined, exceptions: '', tor: undefined }),
      telemetry,
      timing: { ...RELAY_TIMING, audit: NO_AUDITS },
      clock,
      mayExpire: () => true,
      monotonic: () => performance.now(),
      proofs: undefined,
      guard: undefined,
      onDate: () => undefined,
    },
  });
}

const digits = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
const rows = [
  '| cut | missed | by NIP-77 | sent | time | by pages | time |',
  '| --- | --- | --- | --- | --- | --- | --- |',
];
for (const [name, cutMs] of CUTS) {
  const missedMb = (Math.round((STORED * cutMs) / (2 * DAY_MS)) * eventBytes()) / MB;
  process.stderr.write(`${name} …\n`);
  const compared = await measure([1, 11, 77], cutMs);
  const paged = await measure([1, 11], cutMs);
  rows.push(
    `| ${name} | ${digits(missedMb)} MB | ${digits(compared.receivedMb)} MB, ${compared.outcome} | ${digits(compared.sentMb)} MB | ${digits(compared.seconds)} s | ${digits(paged.receivedMb)} MB, ${paged.outcome} | ${digits(paged.seconds)} s |`,
  );
}
process.stdout.write(`${rows.join('\n')}\n`);
