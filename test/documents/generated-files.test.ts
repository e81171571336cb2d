import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { GENERATED_FILES } from '../../tools/generated-files.ts';

test.each(Object.entries(GENERATED_FILES))('%s is what the code makes of it', async (path, render) => {
  const committed = await readFile(path, 'utf8');
  expect(committed === (await render()), `${path} is out of date: run npm run generate`).toBe(true);
});
