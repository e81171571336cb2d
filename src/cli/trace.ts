import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';

import { parseMostroPubkey } from '../config/mostro-pubkey.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import { AdminToken, AdminTokenError } from '../ops/admin-token.ts';
import type { TraceAnswer } from '../ops/trace-route.ts';
import { askLocal } from './admin-client.ts';
import { USAGE } from './command-line.ts';
import type { Io } from './io.ts';
import { readStartup } from './read-startup.ts';

const POLL_MS = SECOND_MS;

interface Asked {
  readonly key: string;
  readonly follow: boolean;
}

/**
 * `trace <trade_pubkey>`: prints what the server on this machine has seen of one key. It asks the admin listener. The first request turns
 * the trace of that key on.
 *
 * @returns the exit code
 */
export async function trace(io: Io, args: readonly string[], stopped: Promise<void>): Promise<number> {
  const asked = readArguments(args);
  if (asked === undefined) {
    io.printError(`trace needs one trade pubkey, 64 hex characters or npub\n\n${USAGE}`);
    return 64;
  }
  const { config } = await readStartup(io, { createKey: false, use: 'write' });
  const token = await new AdminToken(config.dataDirectory).read().catch((error: unknown) => {
    if (!(error instanceof AdminTokenError)) throw error;
    io.printError(`${error.message}\n`);
    return undefined;
  });
  if (token === undefined) return 1;
  const ask = async (): Promise<TraceAnswer | undefined> => {
    const body = { trade_pubkey: asked.key };
    const answer = await askLocal(config.admin, '/trace', {
      version: io.version,
      token: token.reveal(),
      body,
    });
    if (answer?.status === 200) return answer.body as TraceAnswer;
    io.printError(`${explain(answer?.status, config.admin.port)}\n`);
    return undefined;
  };
  const first = await ask();
  if (first === undefined) return 1;
  io.print(head(first));
  for (const step of first.steps) io.print(line(step));
  return asked.follow ? follow(io, { ask, first, stopped }) : 0;
}

async function follow(
  io: Io,
  {
    ask,
    first,
    stopped,
  }: { ask: () => Promise<TraceAnswer | undefined>; first: TraceAnswer; stopped: Promise<void> },
): Promise<number> {
  let isOver = false;
  const end = new AbortController();
  const stop = (): void => {
    isOver = true;
    end.abort();
  };
  stopped.then(stop, stop);
  let last = first.steps.at(-1)?.at ?? 0;
  let told = first.steps.filter(({ at }) => at === last).length;
  for (;;) {
    await delay(POLL_MS, undefined, { signal: end.signal }).catch(() => undefined);
    if (isOver) return 0;
    const answer = await ask();
    if (answer === undefined) return 1;
    const fresh = answer.steps.filter(({ at }) => at >= last);
    // Several steps may have the same time. The steps that were printed with the last time are not printed again.
    for (const step of fresh.slice(fresh[0]?.at === last ? told : 0)) io.print(line(step));
    last = fresh.at(-1)?.at ?? last;
    told = answer.steps.filter(({ at }) => at === last).length;
  }
}

function readArguments(args: readonly string[]): Asked | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { follow: { type: 'boolean', short: 'f' } },
    });
    const key = positionals.length === 1 ? parseMostroPubkey(positionals[0] ?? '') : undefined;
    return key === undefined ? undefined : { key, follow: values.follow === true };
  } catch {
    return undefined; // parseArgs throws for an unknown option.
  }
}

function explain(status: number | undefined, port: number): string {
  if (status === undefined)
    return `no server answers on admin port ${port}: is it running, with the same ADMIN_HOST, ADMIN_PORT and DATA_DIR as here?`;
  if (status === 401) return 'the server has another admin token: is its DATA_DIR the same as here?';
  return `the server on admin port ${port} answered ${status}`;
}

function head({ followed_until: until, registration, steps }: TraceAnswer): string {
  const registered =
    registration === undefined
      ? 'no: either the app never registered it here, or it expired, was unregistered or evicted'
      : `yes, ${registration.platform} over ${registration.provider}, since ${time(registration.registered_at)}, until ${time(registration.expires_at)}; ${registration.woken ? 'woken before' : 'never woken so far'}`;
  const seen =
    steps.length === 0
      ? 'nothing so far: run this again, or with --follow, to see what comes'
      : 'these steps:';
  return `registered  ${registered}\ntraced      until ${time(until)}\nseen        ${seen}\n`;
}

function line({ at, detail, step }: TraceAnswer['steps'][number]): string {
  return `  ${time(at)}  ${step}${detail === undefined ? '' : `: ${detail}`}\n`;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
