import { expect } from 'vitest';

import { call, post, type Posted } from './http.ts';
import { serve, type RunningProgram } from './program.ts';
import { tempDirectory } from './temp-directory.ts';

/** The n-th of many distinct trade keys. */
export const key = (n: number): string => n.toString(16).padStart(64, '0');

export const FILE = { STORE: 'file' };

export function register({ apiUrl }: Pick<RunningProgram, 'apiUrl'>, n: number): Promise<Posted> {
  const body = { trade_pubkey: key(n), token: `token-of-device-${n}`, platform: 'ios' };
  return post(`${apiUrl}/api/register`, body);
}

/** How many registrations `/api/status` counts. */
export async function total({ apiUrl }: Pick<RunningProgram, 'apiUrl'>): Promise<number> {
  const { text } = await call(`${apiUrl}/api/status`);
  return (JSON.parse(text) as { tokens: { total: number } }).tokens.total;
}

/** A data directory with a store of two registrations. Its server has ended. */
export async function directoryWithStore(
  environment: Readonly<Record<string, string>> = FILE,
): Promise<string> {
  const directory = await tempDirectory();
  const running = await serve(environment, directory);
  for (const n of [1, 2]) expect(await register(running, n)).toMatchObject({ status: 200 });
  running.program.kill('SIGTERM');
  expect(await running.program.exited).toBe(0);
  return directory;
}
