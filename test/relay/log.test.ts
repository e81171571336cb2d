import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { isLiveRequest, untilLine } from '../support/relay-lines.ts';
import { googleEnvironment, serve } from '../support/program.ts';
import { registeredPhone } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

interface LogLine {
  readonly msg: string;
  readonly relay?: string;
  readonly kind?: number;
  readonly reason?: string;
}

/** The lines of a JSON log with this log event. */
function linesOf(output: string, event: string): LogLine[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)
    .filter(({ msg }) => msg === event);
}

/** Resolves when the relay has been asked for gift wraps this often, both before and after authentication. */
const askedTwice = async (relay: RelayStandIn, times: number): Promise<void> => {
  await relay.requests.atLeast(2 * times, { where: ({ filters }) => isLiveRequest(filters, 1059) });
};

test('the log tells once that a relay keeps gift wraps from us, however often it is connected again', async () => {
  const relay = keep(await RelayStandIn.start({ auth: { kinds: [1059], admit: () => false } }));
  const { apiUrl, program } = await serve({ NOSTR_RELAYS: relay.url, LOG_FORMAT: 'json' });
  for (let connection = 1; connection <= 3; connection++) {
    await askedTwice(relay, connection);
    await untilLine({ apiUrl }, relay, {
      restricted: [{ kind: 1059, reason: 'restricted' }],
      served: [14],
    });
    relay.disconnectAll();
  }
  await relay.auths.atLeast(4);
  expect(linesOf(program.stdout(), 'relay.kind_refused')).toEqual([
    expect.objectContaining({ relay: `127.0.0.1:${relay.port}`, kind: 1059, reason: 'restricted' }),
  ]);
  expect(linesOf(program.stdout(), 'relay.authenticated').length).toBeGreaterThanOrEqual(3);
});

test('the log tells once of each reason for which a kind is refused', async () => {
  const relay = keep(await RelayStandIn.start());
  const { apiUrl, program } = await serve({ NOSTR_RELAYS: relay.url, LOG_FORMAT: 'json' });
  await untilLine({ apiUrl }, relay, { served: [1059, 14] });
  relay.closeSubscriptions(1059, 'blocked: no');
  relay.closeSubscriptions(14, 'error: later');
  await untilLine({ apiUrl }, relay, { restricted: [{ kind: 1059, reason: 'blocked' }] });
  expect(linesOf(program.stdout(), 'relay.kind_refused')).toHaveLength(1);
  expect(linesOf(program.stdout(), 'relay.subscription_closed')).toMatchObject([
    { kind: 1059, reason: 'blocked' },
    { kind: 14, reason: 'error' },
  ]);
});

test('the status, the metrics and the answer to a challenge tell no password of a relay', async () => {
  const google = keep(await GoogleStandIn.start());
  const relay = keep(await RelayStandIn.start({ auth: { kinds: [1059] } }));
  const bare = `127.0.0.1:${relay.port}/hidden-path?key=hidden-query`;
  const { adminUrl, apiUrl, program } = await serve({
    NOSTR_RELAYS: `ws://alice-of-relay:open%2Fsesame@${bare}`,
    LOG_LEVEL: 'trace',
    ...(await googleEnvironment(google)),
  });
  await relay.subscribed(1059);
  const alice = await registeredPhone({ name: 'alice', serverUrl: apiUrl, kind: 'android' });
  relay.store(eventFor([alice.tradePubkey]));
  relay.disconnectAll();
  await google.pushes.atLeast(1);
  const pages = await Promise.all([call(`${apiUrl}/api/status`), call(`${adminUrl}/metrics`)]);
  await relay.stop();
  await program.untilPrinted(/relay\.lost[\s\S]*relay\.lost/);
  const auths = JSON.stringify(relay.auths.all);
  expect(relay.auths.all[0]?.tags).toContainEqual(['relay', `ws://${bare}`]);
  const said = [program.output(), ...pages.map(({ text }) => text)];
  for (const text of said) expect(text).not.toMatch(/hidden/);
  for (const text of [...said, auths]) expect(text).not.toMatch(/alice-of-relay|sesame/);
});
