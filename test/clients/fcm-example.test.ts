import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { setScene } from '../support/scene.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/fcm-app.mjs', import.meta.url));
const run = promisify(execFile);

test('the example of docs/client.md registers a sealed token twice, signed, and unregisters', async () => {
  const { server } = await setScene();
  const { stdout } = await run(process.execPath, [EXAMPLE, server.apiUrl], { timeout: PATIENCE_MS });
  const registered =
    'register         200 {"success":true,"message":"Token registered successfully","platform":"android"}';
  const removed = 'unregister       200 {"success":true,"message":"Token unregistered successfully"}';
  expect(stdout.trimEnd().split('\n').slice(1)).toEqual([registered, registered, removed]);
});
