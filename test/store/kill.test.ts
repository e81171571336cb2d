import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { post } from '../support/http.ts';
import { runProgram, outcome } from '../support/program.ts';
import { tempDirectory } from '../support/temp-directory.ts';

/** `KILL_ROUNDS=60 npx vitest run test/store/kill.test.ts` for the long run. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 3);
const CLIENTS = 24;
const KEYS_OF_A_CLIENT = 12;

const ENVIRONMENT = {
  STORE: 'file',
  SERVER_HOST: '127.0.0.1',
  SERVER_PORT: '0',
  ADMIN_PORT: '0',
  NOSTR_RELAYS: 'ws://127.0.0.1:9',
  RATE_LIMIT_PER_MINUTE: '1000000',
  // Sweeps are so frequent that one is under way when the program is killed.
  CLEANUP_INTERVAL_HOURS: '0.00002',
};

/** The possible tokens of a key in the store: one, or one of two if the last answer never came. `undefined`: the key is not registered. */
type Possible = (string | undefined)[];

/** Registers, replaces and removes its own keys, one after the other, until the server is gone. */
async function churn(apiUrl: string, keys: readonly string[], known: Map<string, Possible>): Promise<number> {
  for (let answered = 0; ; answered++) {
    const key = keys[Math.floor(Math.random() * keys.length)] ?? '';
    const token = Math.random() < 0.3 ? undefined : `token-${randomBytes(12).toString('hex')}`;
    known.set(key, [...(known.get(key) ?? [undefined]), token]);
    try {
      const { status } =
        token === undefined
          ? await post(`${apiUrl}/api/unregister`, { trade_pubkey: key })
          : await post(`${apiUrl}/api/register`, { trade_pubkey: key, token, platform: 'android' });
      expect(status).toBe(200);
    } catch (error) {
      if (error instanceof TypeError) return answered; // fetch: the server is gone.
      throw error;
    }
    known.set(key, [token]);
  }
}

/** The registrations on the disk, as the program's own `store export` reads them. */
async function stored(directory: string): Promise<Map<string, string>> {
  const { code, stdout } = await outcome(['store', 'export'], { STORE: 'file' }, directory);
  expect(code).toBe(0);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const { trade_pubkey: key, token } = JSON.parse(line) as { trade_pubkey: string; token: string };
      return [key, token];
    }),
  );
}

test(
  `${ROUNDS} kills under churn lose nothing that was acknowledged and bring back nothing that was removed`,
  async () => {
    const directory = await tempDirectory();
    const known = new Map<string, Possible>();
    const clients = Array.from({ length: CLIENTS }, () =>
      Array.from({ length: KEYS_OF_A_CLIENT }, () => randomBytes(32).toString('hex')),
    );
    let answered = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const program = await runProgram([], ENVIRONMENT, directory);
      const [, apiUrl = ''] = await program.untilPrinted(/HTTP API +(http:\S+)/);
      const churning = clients.map((keys) => churn(apiUrl, keys, known));
      // At a random moment: after this many answers.
      const most = 20 + Math.floor(Math.random() * 400);
      const killer = (async () => {
        for (let n = 0; n < most; n++) await post(`${apiUrl}/api/health`, {}).catch(() => undefined);
        program.kill('SIGKILL');
      })();
      const counts = await Promise.all(churning);
      await killer;
      await program.exited;
      answered += counts.reduce((sum, one) => sum + one, 0);
      const held = await stored(directory);
      for (const [key, possible] of known) {
        expect(possible, `round ${round}, ${join(directory, 'data')}`).toContain(held.get(key));
        known.set(key, [held.get(key)]);
      }
      for (const key of held.keys()) expect(known.has(key)).toBe(true);
    }
    console.info(`${ROUNDS} kills, ${answered} acknowledged changes, ${known.size} keys`);
    expect(answered).toBeGreaterThan(ROUNDS * 10);
  },
  10 * PATIENCE_MS,
);
