import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { CHECK_RIGHTS } from './check-rights.ts';

const FLEET = fileURLToPath(new URL('..', import.meta.url));

const commandsIn = (text: string): string[] =>
  [...text.matchAll(/call\(\s*'([A-Z]+)'/g)].map(([, name = '']) => name);

test('the check of rights tries every command that a fleet gives', async () => {
  const used = new Set<string>();
  for (const file of await readdir(FLEET, { recursive: true }))
    if (file.endsWith('.ts') && !/\.test\.ts$|check-rights\.ts$/.test(file))
      for (const command of commandsIn(await readFile(`${FLEET}/${file}`, 'utf8'))) used.add(command);
  // These two are asked on their own (`open-connection.ts`).
  for (const command of ['INFO', 'XREAD']) expect(used.delete(command)).toBe(true);
  expect([...used].toSorted()).toEqual([...new Set(commandsIn(CHECK_RIGHTS.lua))].toSorted());
});
