import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { injected } from '../support/injected-fault.ts';
import { outcome } from '../support/program.ts';

const PACKAGE = new URL('../../package.json', import.meta.url);
const MAIN = new URL('../../dist/main.js', import.meta.url);

/** The environment in which Node says that it is this version. */
const pretending = (version: string): Promise<Record<string, string>> =>
  injected(
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
  );

test.each(['12.22.12', '18.20.8', '20.18.3'])(
  'with Node %s the program says which Node it needs, and ends with 78',
  async (version) => {
    const { code, stderr, stdout } = await outcome(['doctor'], await pretending(version));
    expect(stderr).toMatch(/^mostro-push needs Node\.js 20\.19 or newer, and this is v\d[^\n]*\n$/);
    expect([code, stdout]).toEqual([78, '']);
  },
);

test.each(['20.19.0', '22.0.0', '100.0.0'])('with Node %s the program runs', async (version) => {
  expect(await outcome(['--help'], await pretending(version))).toMatchObject({ code: 0, stderr: '' });
});

test('the first file of the program can be read by Node 12, and asks for the Node of package.json', async () => {
  const code = (await readFile(MAIN, 'utf8')).replaceAll(/\/\/.*|\/\*[^]*?\*\//g, '');
  // `import()` is known to Node 12.17; an import at the top would load the program.
  expect(code).not.toMatch(/\bimport\b(?!\()|\?\?|\?\.|\bawait\b|#[a-z]|\bstatic\b|\d_\d/);
  const { engines } = JSON.parse(await readFile(PACKAGE, 'utf8')) as { engines: { node: string } };
  expect(code).toContain(`[${engines.node.replace('>=', '').replace('.', ', ')}]`);
});
