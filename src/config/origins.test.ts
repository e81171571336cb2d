import { expect, test } from 'vitest';

import { readVariables } from './config.ts';
import { parseOrigins } from './origins.ts';

test.each([
  ['', []],
  [' , ', []],
  ['*', '*'],
  ['https://a.example, *', '*'],
  [
    'https://a.example,https://A.example/,,http://b.example:8080',
    ['https://a.example', 'http://b.example:8080'],
  ],
  ['https://a.example:443', ['https://a.example']],
  ['tauri://localhost, moz-extension://AB-cd', ['tauri://localhost', 'moz-extension://ab-cd']],
])('the origins %j are read as %j', (written, origins) => {
  expect(parseOrigins(written)).toEqual(origins);
});

test.each([
  'a.example',
  'https://',
  'https://a.example/path',
  'https://a.example?x',
  'https://u:p@a.example',
  'null',
  '**',
])('an origin cannot be %j', (written) => {
  expect(parseOrigins(`https://good.example,${written}`)).toBeUndefined();
  expect(readVariables({ CORS_ALLOWED_ORIGINS: written }).problems[0]).toMatch(
    /^CORS_ALLOWED_ORIGINS: expected \*, or origins such as/,
  );
});

test('CORS_ALLOWED_ORIGINS means every origin if it is unset, and none if it is empty', () => {
  expect(readVariables({}).values.CORS_ALLOWED_ORIGINS).toBe('*');
  for (const empty of ['', ' '])
    expect(readVariables({ CORS_ALLOWED_ORIGINS: empty }).values.CORS_ALLOWED_ORIGINS).toEqual([]);
});
