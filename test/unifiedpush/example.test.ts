import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { keep } from '../support/keep.ts';
import { isNtfyInstalled, Ntfy } from '../support/ntfy.ts';
import { setScene } from '../support/scene.ts';
import { vapidKeyOf } from '../support/vapid-key-of.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/unifiedpush-app.mjs', import.meta.url));
const run = promisify(execFile);

/** Runs the example of docs/unifiedpush.md to its end. */
async function expectWoken(pushServer: string): Promise<void> {
  const { relay, server } = await setScene();
  const { stdout } = await run(process.execPath, [EXAMPLE, server.apiUrl, pushServer, relay.url], {
    timeout: PATIENCE_MS,
  });
  expect(stdout).toContain(`subscribe with   ${await vapidKeyOf(server)}`);
  expect(stdout).toContain('"platform":"webpush"');
  expect(stdout).toMatch(/\nwoken by {9}\{"type":"silent_wake","timestamp":\d{10}\}\n$/);
}

test('the example of the documentation is woken at a push server of its own', async () => {
  await expectWoken('-');
});

test.skipIf(!isNtfyInstalled())('the example of the documentation is woken at an ntfy', async () => {
  const ntfy = keep(await Ntfy.start());
  await expectWoken(ntfy.endpoint('Example'));
});
