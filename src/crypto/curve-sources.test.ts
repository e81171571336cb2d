import { expect, test } from 'vitest';

import { SILENT_TELEMETRY } from '../ops/telemetry.ts';
import { BUNDLED, curveSources } from './curve-sources.ts';
import { TestedCurve } from './tested-curve.ts';

const chosenFrom = async (files?: readonly string[]): Promise<string> => {
  const sources = await curveSources(files);
  return new TestedCurve({ sources, telemetry: SILENT_TELEMETRY, onExhausted: () => undefined }).library;
};

test.each([
  ['there is no library', ['libsecp256k1.so.0-of-nobody']],
  ['a library has nothing of what is asked of it', ['libc.so.6']],
  ['a file is no library', ['package.json']],
])('a library that npm brings is chosen where %s', async (_, files) => {
  expect(await chosenFrom(files)).toBe(await chosenFrom([]));
});

test('the chosen library has a name', async () => {
  expect(await chosenFrom()).toMatch(/^libsecp256k1(?:\.so\.\d+|\.\d+\.dylib| \(addon\)| \(WebAssembly\))$/);
});

test.runIf(process.platform === 'linux' && process.arch === 'x64')(
  '`npm ci` alone brings the addon, on Linux with x64',
  async () => {
    expect(await chosenFrom([])).toBe('libsecp256k1 (addon)');
  },
);

test('WebAssembly comes last, and is a new instance each time', () => {
  const last = BUNDLED.at(-1);
  expect(last?.load().library).toBe('libsecp256k1 (WebAssembly)');
  expect(last?.isRenewable).toBe(true);
});
