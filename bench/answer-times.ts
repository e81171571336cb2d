import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';

import { GoogleStandIn } from '../stand-ins/google-stand-in.ts';
import { httpAuth } from '../stand-ins/http-auth.ts';
import { Program } from './program.ts';

// Does the time of an answer, or of the next one on the connection, tell whether a key is registered, or owned?
// Two kinds of key are asked for in random order. The area under the ROC curve says how well the times tell them apart: 0.5 is
// not at all. Two kinds of unknown keys show the noise of the machine. `npm run bench:answers -- --requests 20000`

const { values } = parseArgs({ options: { requests: { type: 'string', default: '20000' } } });
const REQUESTS = Number(values.requests);
/** How many keys of each kind: so many that no processor cache has them. */
const KEYS = 500;
const NS_PER_US = 1000;

/** One kept connection. Each request is answered before the next is sent. */
class Client {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(url: string): Promise<Client> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    return new Client(socket);
  }

  /** @returns nanoseconds until the answer came, and its first line */
  async ask(request: string): Promise<{ took: number; status: string }> {
    const before = process.hrtime.bigint();
    this.#socket.write(request);
    const [answer] = (await once(this.#socket, 'data')) as [Buffer];
    const took = Number(process.hrtime.bigint() - before);
    return { took, status: answer.toString('latin1', 9, 12) };
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** How well a number tells the two kinds apart: in pairs with one of each kind, the share in which `b` is greater. */
function areaUnderCurve(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((value) => ({ value, isB: false })), ...b.map((value) => ({ value, isB: true }))];
  all.sort((one, other) => one.value - other.value);
  let ranks = 0;
  for (let from = 0; from < all.length;) {
    let to = from;
    while (to < all.length && all[to]?.value === all[from]?.value) to++;
    const rank = (from + to + 1) / 2;
    for (let n = from; n < to; n++) if (all[n]?.isB === true) ranks += rank;
    from = to;
  }
  return (ranks - (b.length * (b.length + 1)) / 2) / (a.length * b.length);
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((x, y) => x - y)[numbers.length >> 1] ?? 0;

function post(path: string, body: string): string {
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
}

const HEALTH = 'GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n';

/** Asks for keys of two kinds in random order, and sends another request after each. */
async function compare(
  client: Client,
  { what, path }: { readonly what: string; readonly path: string },
  [one, other]: readonly [string[], string[]],
): Promise<void> {
  const own: [number[], number[]] = [[], []];
  const next: [number[], number[]] = [[], []];
  const left = [REQUESTS, REQUESTS];
  while ((left[0] as number) + (left[1] as number) > 0) {
    const drawn = randomInt((left[0] as number) + (left[1] as number)) < (left[0] as number) ? 0 : 1;
    left[drawn] = (left[drawn] as number) - 1;
    const key = (drawn === 0 ? one : other)[randomInt(KEYS)] as string;
    const { took, status } = await client.ask(post(path, JSON.stringify({ trade_pubkey: key })));
    if (!status.startsWith('2')) throw new Error(`${path}: ${status}`);
    own[drawn].push(took);
    next[drawn].push((await client.ask(HEALTH)).took);
  }
  for (const [name, times] of [
    ['own answer', own],
    ['next answer', next],
  ] as const) {
    const auc = areaUnderCurve(...times);
    const [a, b] = times.map((each) => (median(each) / NS_PER_US).toFixed(1));
    console.log(
      `${path}, ${what}, ${name}: AUC ${Math.max(auc, 1 - auc).toFixed(4)}, medians ${a} and ${b} µs`,
    );
  }
}

const keys = (count: number): Uint8Array[] => Array.from({ length: count }, () => generateSecretKey());
const pubkeys = (secrets: readonly Uint8Array[]): string[] => secrets.map((secret) => getPublicKey(secret));

async function signedRegistration(url: string, secret: Uint8Array, n: number): Promise<void> {
  const body = JSON.stringify({
    trade_pubkey: getPublicKey(secret),
    token: `token-${n}`,
    platform: 'android',
  });
  const authorization = httpAuth(secret, { url: `${url}/api/register`, body });
  const headers = { 'content-type': 'application/json', authorization };
  const { status } = await fetch(`${url}/api/register`, { method: 'POST', headers, body });
  if (status !== 200) throw new Error(`register: ${status}`);
}

const directory = await mkdtemp(join(tmpdir(), 'mostro-push-bench-'));
await using google = await GoogleStandIn.start({ tls: false });
await using program = await Program.start(
  {
    NOSTR_RELAYS: 'ws://127.0.0.1:9',
    FCM_BASE_URL: google.baseUrl,
    FIREBASE_SERVICE_ACCOUNT_PATH: await google.writeServiceAccount(directory),
    NOTIFY_RATE_PER_IP_PER_MIN: '1000000000',
    NOTIFY_RATE_PER_PUBKEY_PER_MIN: '1000000000',
    // The worst case: every accepted request for a registered key becomes a push.
    BATCH_DELAY_MS: '0',
    COOLDOWN_MS: '0',
  },
  [],
);
const url = program.url;
const owned = keys(KEYS);
for (const [n, secret] of owned.entries()) await signedRegistration(url, secret, n);
const known = pubkeys(owned);
const unknown = pubkeys(keys(KEYS));
const client = await Client.open(url);
// These requests warm the program up and are not counted.
for (let n = 0; n < 3000; n++)
  await client.ask(post('/api/notify', JSON.stringify({ trade_pubkey: known[n % KEYS] })));
const others = pubkeys(keys(KEYS));
for (const [path, what] of [
  ['/api/notify', 'registered and unknown'],
  ['/api/unregister', 'owned and unknown'],
] as const) {
  await compare(client, { path, what }, [known, unknown]);
  await compare(client, { path, what: 'unknown and unknown' }, [unknown, others]);
}
console.log(`pushes meanwhile: ${google.pushes.count}`);
client.close();
await rm(directory, { recursive: true, force: true });
