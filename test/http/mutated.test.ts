import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { many, pick, seededDraw, type Draw } from '../support/draw.ts';
import { readMetric } from '../support/metrics-page.ts';
import { damaged, drawRequest } from '../support/requests/drawn-requests.ts';
import { readAnswers, type WireAnswer } from '../support/requests/read-answers.ts';
import { serve } from '../support/program.ts';

/** How many requests are sent. HTTP_MUTATIONS=100000 takes some minutes. */
const REQUESTS = Number(process.env['HTTP_MUTATIONS'] ?? 4000);
const SEED = Number(process.env['HTTP_MUTATIONS_SEED'] ?? 1);
const CONNECTIONS_AT_ONCE = 32;
const MOST_PIPELINED = 20;
/** How far the memory of V8 may vary without a leak. A leak of 1 KB a request would be more than that at 100 000 requests. */
const SLACK_BYTES = 80e6;

/** Limits that no request reaches, a store that is soon full, and no destination outside this machine. */
const ENVIRONMENT = {
  RATE_LIMIT_PER_MINUTE: '100000000',
  NOTIFY_RATE_PER_IP_PER_MIN: '100000000',
  NOTIFY_TRUST_PROXY_HEADERS: 'true',
  MAX_REGISTRATIONS: '50',
  UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
};

/** The failures by status, and the statuses of success, from docs/openapi.json. */
async function documented(): Promise<{ failures: Set<string>; successes: Set<number>; tokenSize: RegExp }> {
  const text = await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
  const { paths } = JSON.parse(text) as {
    paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  };
  const failures = new Set<string>();
  const successes = new Set([204]);
  for (const { responses } of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const [status, response] of Object.entries(responses)) {
      if (status.startsWith('2')) successes.add(Number(status));
      const lists = JSON.stringify(response).matchAll(/"message":\{[^}]*?"enum":(\[[^\]]*\])/g);
      for (const [, list = '[]'] of lists)
        for (const message of JSON.parse(list) as string[]) failures.add(`${status} ${message}`);
    }
  }
  return {
    failures,
    successes,
    tokenSize: /^400 Invalid encrypted token size \(expected \d+ bytes, got \d+\)$/,
  };
}

/** Sends the bytes, whole or in pieces, ends its side of the connection, and reads until the server has closed the connection. */
async function converse(url: string, bytes: Buffer, draw: Draw): Promise<WireAnswer[]> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const received: Buffer[] = [];
  // A server that has refused may reset the connection while bytes are still being sent. Its answers before that count.
  let wasCut = false;
  socket.on('error', () => (wasCut = true)).on('data', (chunk: Buffer) => received.push(chunk));
  const closed = new Promise((resolve) => socket.on('close', resolve));
  const pieces = draw(4) === 0 ? 1 + draw(30) : 1;
  for (let n = 0; n < pieces; n++) {
    const [from, to] = [n, n + 1].map((share) => Math.floor((bytes.length * share) / pieces));
    if (!socket.destroyed) socket.write(bytes.subarray(from, to));
    if (pieces > 1) await setImmediate();
  }
  // One client in twenty disconnects in the middle.
  if (draw(20) === 0) {
    wasCut = true;
    socket.destroy();
  } else socket.end();
  await closed;
  return readAnswers(Buffer.concat(received), { mayBeCut: wasCut });
}

/** How often each answer came, and which answers are undocumented. */
class Ledger {
  readonly seen = new Map<string, number>();
  readonly undocumented: string[] = [];
  readonly #documented: Awaited<ReturnType<typeof documented>>;

  constructor(known: Awaited<ReturnType<typeof documented>>) {
    this.#documented = known;
  }

  note({ body, status }: WireAnswer): void {
    const { failures, successes, tokenSize } = this.#documented;
    const { message = '' } = body === '' ? {} : (JSON.parse(body) as { message?: string });
    const answer = `${status} ${message}`;
    this.seen.set(answer, (this.seen.get(answer) ?? 0) + 1);
    const isFailure = failures.has(answer) || failures.has(`default ${message}`) || tokenSize.test(answer);
    const isFault = status >= 500 && status !== 503;
    if (isFault || !(successes.has(status) || isFailure)) this.undocumented.push(answer);
  }
}

test(
  `of ${REQUESTS} requests, sound and damaged, pipelined and in pieces, each answer is a documented one, and the server lives on`,
  { timeout: 60 * PATIENCE_MS },
  async () => {
    const ledger = new Ledger(await documented());
    const { adminUrl, apiUrl, program } = await serve(ENVIRONMENT);
    const draw = seededDraw(SEED);
    const residentBytes = async (): Promise<number> =>
      readMetric(
        await (await fetch(`${adminUrl}/metrics`)).text(),
        'mostro_push_process_resident_memory_bytes',
      );
    const send = async (count: number): Promise<void> => {
      let left = count;
      const worker = async (): Promise<void> => {
        while (left > 0) {
          const requests = many(1 + draw(MOST_PIPELINED), () => drawRequest(draw));
          left -= requests.length;
          const whole = Buffer.concat(requests);
          const bytes = pick(draw, [whole, damaged(whole, draw), damaged(damaged(whole, draw), draw)]);
          for (const answer of await converse(apiUrl, bytes, draw)) ledger.note(answer);
        }
      };
      await Promise.all(many(CONNECTIONS_AT_ONCE, worker));
    };
    await send(REQUESTS / 3);
    const warm = await residentBytes();
    await send((REQUESTS * 2) / 3);
    const grownBytes = (await residentBytes()) - warm;
    const health = await fetch(`${apiUrl}/api/health`);
    expect([health.status, await health.text()]).toEqual([200, '{"status":"ok"}']);
    expect(ledger.undocumented).toEqual([]);
    expect(grownBytes).toBeLessThan(SLACK_BYTES);
    expect(program.output()).not.toContain('http.failed');
    // The requests reached all parts of the API. A change that made all of them 400 would fail here.
    const common = ['200 Token registered successfully', '202 ', '404 Not found', '405 Method not allowed'];
    expect(common.filter((answer) => !ledger.seen.has(answer))).toEqual([]);
    if (process.env['HTTP_MUTATIONS'] !== undefined) console.log({ grownBytes, seen: ledger.seen });
  },
);
