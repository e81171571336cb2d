import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { tempDirectory } from './temp-directory.ts';

/** @param source CommonJS that the program runs before its own first line. @returns the environment that makes it do so */
export async function injected(source: string): Promise<Record<string, string>> {
  const path = join(await tempDirectory(), 'injected.cjs');
  await writeFile(path, source);
  return { NODE_OPTIONS: `--require ${path}` };
}

/** Throws an error that nothing catches when the program gets SIGUSR2. */
export const FAULT_AT_SIGUSR2 = `process.on('SIGUSR2', () => { throw new Error('injected'); });`;
