import { readFile } from 'node:fs/promises';

import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';

import { keep } from '../support/keep.ts';
import { startTestServer } from '../support/test-server.ts';

const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

interface Document {
  readonly openapi: string;
  readonly info: object;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>;
}

async function served(running = version): Promise<Document> {
  const { apiUrl } = keep(await startTestServer({ version: running }));
  const response = await fetch(`${apiUrl}/api/openapi.json`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
  return (await response.json()) as Document;
}

test('the description of the API is served, with the version that runs', async () => {
  const committed = JSON.parse(
    await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
  ) as Document;
  expect(await served()).toEqual(committed);
  expect(await served('9.9.9')).toEqual({ ...committed, info: { ...committed.info, version: '9.9.9' } });
});

test('the description of the API is valid OpenAPI 3.1', async () => {
  const document = await served();
  const result = await new Validator().validate(document as unknown as Record<string, unknown>);
  expect([result.valid, result.errors, document.openapi]).toEqual([true, undefined, '3.1.0']);
});

test('the description of the API has every call, and what each may answer', async () => {
  const document = await served();
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) =>
      [method, path, ...Object.keys(responses)].join(' '),
    ),
  );
  expect(calls).toEqual([
    'get /api/health 200 default',
    'get /api/info 200 default',
    'get /api/status 200 default',
    'get /api/openapi.json 200 default',
    'post /api/register 200 400 401 403 413 415 429 503 default',
    'post /api/unregister 200 400 401 413 415 429 default',
    'post /api/notify 202 400 413 415 429 default',
    'post /api/test 200 400 401 404 413 415 429 default',
  ]);
});
