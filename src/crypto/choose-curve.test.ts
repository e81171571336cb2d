import { expect, test } from 'vitest';

import { chooseCurve } from './choose-curve.ts';
import { wasmCurve } from './wasm-curve.ts';

test.each([
  ['there is no library', ['libsecp256k1.so.0-of-nobody']],
  ['a library has nothing of what is asked of it', ['libc.so.6']],
  ['a file is no library', ['package.json']],
])('WebAssembly it is where %s', async (_, files) => {
  expect(await chooseCurve(files)).toBe(wasmCurve);
});

test('what is chosen says what it is', async () => {
  const { library } = await chooseCurve();
  expect(library).toMatch(/^libsecp256k1(?:\.so\.\d+|\.\d+\.dylib| \(WebAssembly\))$/);
});
