import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { Pool } from 'undici';

import { sealToken } from '../src/crypto/sealed-token.ts';
import { parseServerKey } from '../src/crypto/server-key.ts';
import { device, fcmToken } from './devices.ts';
import { percentile } from './figure.ts';
import { measured } from './scenarios/latency.ts';
import { Stage } from './stage.ts';

// How long wakes take while a burst of sealed registrations arrives, each from an address of its own: 1000 relay events a
// second for ten seconds, without the burst and with it. `npm run bench:burst`

const REGISTRATIONS = 5000;
/** Phones that ask at the same time. */
const CONNECTIONS = 500;
const EVENTS = 10_000;
const BURST_AFTER_MS = 2000;
const POLL_MS = 20;
const ROUNDS = 3;

await using stage = await Stage.set(
  { name: 'short', rounds: 1, many: 0, seconds: 0, batch: 0, overload: 0 },
  [],
);
await using program = await stage.program('few', { environment: { NOTIFY_TRUST_PROXY_HEADERS: 'true' } });
const key = parseServerKey(stage.privateKey);
if (key === undefined) throw new Error('no key');
const sealedTokens = Array.from({ length: REGISTRATIONS }, () => {
  const sealed = Buffer.from(sealToken({ platform: 'android', token: fcmToken() }, key.publicKey));
  return sealed.toString('base64');
});

/** All at once, as far as there are connections. @returns how long it took, in milliseconds */
async function burst(): Promise<number> {
  const pool = new Pool(program.url, { connections: CONNECTIONS });
  const begun = performance.now();
  await Promise.all(
    sealedTokens.map(async (encrypted_token, n) => {
      const body = JSON.stringify({ trade_pubkey: device().tradePubkey, encrypted_token });
      const headers = {
        'content-type': 'application/json',
        'x-forwarded-for': `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
      };
      const answer = await pool.request({ path: '/api/register', method: 'POST', headers, body });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`register: ${answer.statusCode}`);
    }),
  );
  const took = performance.now() - begun;
  await pool.destroy();
  return took;
}

/** Resolves when events flow: {@link measured} then waits for its own pushes. */
async function untilEventsFlow(): Promise<void> {
  const { onPush: former } = stage.pushService;
  while (stage.pushService.onPush === former) await delay(POLL_MS);
  await delay(BURST_AFTER_MS);
}

/** Measures wakes. @param beside what goes on meanwhile */
async function tell(what: string, beside: Promise<unknown>): Promise<void> {
  await program.reading();
  const delays = await measured(stage, program, EVENTS);
  await beside;
  const { longestPauseMs } = await program.reading();
  const [p50, p95, p99, most] = [0.5, 0.95, 0.99, 1].map((share) => percentile(delays, share).toFixed(1));
  console.log(
    `${what}: wakes after p50 ${p50}, p95 ${p95}, p99 ${p99}, at most ${most} ms; ` +
      `the longest pause of the event loop was ${longestPauseMs.toFixed(0)} ms`,
  );
}

await measured(stage, program, 2000);
for (let round = 1; round <= ROUNDS; round++) {
  await tell('without a burst', Promise.resolve());
  const bursting = untilEventsFlow().then(burst);
  await tell(`with a burst of ${REGISTRATIONS}`, bursting);
  console.log(`the burst took ${(await bursting).toFixed(0)} ms`);
}
