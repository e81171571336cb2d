import { join } from 'node:path';

import { expect } from 'vitest';

import { AdminToken } from '../../src/ops/admin-token.ts';
import { call } from './http.ts';
import { outcome } from './program.ts';
import { register, type Stage } from './secret-traffic.ts';
import { eventFor } from './wire-events.ts';

/** Everything that the admin listener answers, also with the admin token and for a key that is traced. */
export async function operatorsPages(stage: Stage): Promise<string[]> {
  const { adminUrl, program } = stage.running;
  const key = await register(stage, 'fcm-traced-token');
  const token = (await new AdminToken(join(program.directory, 'data')).read()).reveal();
  stage.secrets.add('the admin token', token);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const ask = (body: string): Promise<{ text: string; status: number | undefined }> =>
    call(`${adminUrl}/trace`, { method: 'POST', headers, body });
  const traced = JSON.stringify({ trade_pubkey: key });
  expect(await ask(traced)).toMatchObject({ status: 200 });
  const event = eventFor([key]);
  stage.secrets.add('the id of a traced event', event.id);
  stage.relay.broadcast(event);
  await expect.poll(async () => (await ask(traced)).text).toContain('delivered');
  const refused = [
    await ask(`{"trade_pubkey":"${key}`),
    await ask(`{"trade_pubkey":"${key}0"}`),
    await ask(key.repeat(50)),
  ];
  expect(refused.map(({ status }) => status)).toEqual([400, 400, 413]);
  const pages = ['/', '/dashboard.json', '/health/ready', '/health/live', '/trace', `/${key}`];
  const answers = [
    ...refused,
    await ask(traced),
    ...(await Promise.all(pages.map((path) => call(`${adminUrl}${path}`)))),
  ];
  const doctor = await outcome(['doctor'], {
    ADMIN_PORT: new URL(adminUrl).port,
    SERVER_PORT: '0',
    NOSTR_RELAYS: stage.relay.url,
  });
  return [...answers.map(({ text }) => text), doctor.stdout, doctor.stderr];
}
