import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { onMeasuredCore } from '../cores.ts';
import type { Figure } from '../figure.ts';
import { MAIN } from '../program.ts';
import type { Stage } from '../stage.ts';

const STARTS_OF_A_ROUND = 3;

/** From the start of the process to listening, subscribed and past EOSE. */
export async function start(stage: Stage): Promise<Figure[]> {
  const [ready, bare, busy]: [number[], number[], number[]] = [[], [], []];
  for (let n = 0; n < stage.extent.rounds * STARTS_OF_A_ROUND; n++) {
    bare.push(await timed(async () => once(run(['-e', '0']), 'exit')));
    const { ms, cpuMs } = await started(stage, `start${n}`);
    ready.push(ms);
    if (cpuMs !== undefined) busy.push(cpuMs);
  }
  return [
    {
      what: 'start to ready, beyond node -e 0',
      unit: 'ms',
      samples: ready.map((ms, n) => ms - (bare[n] as number)),
      goal: { of: 'value', most: 500 },
      moreIsBetter: false,
    },
    { what: 'start of node -e 0', unit: 'ms', samples: bare, moreIsBetter: false },
    ...(busy.length > 0
      ? [{ what: 'start to ready, processor time', unit: 'ms', samples: busy, moreIsBetter: false }]
      : []),
  ];
}

async function started(stage: Stage, name: string): Promise<{ ms: number; cpuMs: number | undefined }> {
  const directory = await mkdtemp(join(tmpdir(), 'mostro-push-bench-'));
  const environment = {
    NOSTR_RELAYS: stage.relay.urls(name, 1).join(','),
    SERVER_HOST: '127.0.0.1',
    SERVER_PORT: '0',
    ADMIN_PORT: '0',
    ...stage.pushService.environment,
  };
  let child: ReturnType<typeof run> | undefined;
  const ms = await timed(async () => {
    child = run([MAIN], environment, directory);
    await Promise.all([stage.relay.subscribed(name, 1), once(child.stderr, 'data')]);
  });
  const cpuMs = child?.pid === undefined ? undefined : await processorMs(child.pid);
  child?.kill('SIGTERM');
  if (child !== undefined) await once(child, 'exit');
  await rm(directory, { recursive: true, force: true });
  return { ms, cpuMs };
}

/** The processor time of a process as Linux counts it, in hundredths of a second. Absent on other systems. */
async function processorMs(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name in parentheses may hold anything; the 14th and 15th fields are user and system time.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) * 10;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = tmpdir()) {
  const [command, commandLine] = onMeasuredCore(process.execPath, args);
  const environment = { PATH: process.env['PATH'] ?? '', ...env };
  return spawn(command, commandLine, { env: environment, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function timed(activity: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await activity();
  return performance.now() - begun;
}
