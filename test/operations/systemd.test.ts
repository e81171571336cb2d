import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import type { Phone } from '../../stand-ins/phone.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { bootSystemd, whyNotBooted, type BootedSystemd } from '../support/booted-systemd.ts';
import { freePort } from '../support/free-port.ts';
import { registeredPhone } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

// Boots a systemd, so it is run by .ci/check-systemd alone, and not by `npm test`.
const isAsked = process.env['TEST_SYSTEMD'] !== undefined;
const whyNot = isAsked ? whyNotBooted() : undefined;
if (whyNot !== undefined) console.log(`skipped: no systemd can be booted: ${whyNot}`);

const DATA = '/var/lib/mostro-push';
const LOG = '/var/log/mostro-push-backend/app.log';
const TOKEN = '3f'.repeat(32);

/** The commands of the first block under a heading of a page, without those that fetch and build the program. */
async function linesOf(page: string, heading: string, block = 0): Promise<string> {
  const text = await readFile(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const section = text.slice(text.indexOf(`\n${heading}\n`));
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines = '']) => lines);
  return (blocks[block] ?? '')
    .split('\n')
    .map((line) => line.replace(/^git clone .*|&& npm ci && .*/, ''))
    .join('\n');
}

/** What `git clone` and `npm run build` bring, with another version's number. */
const programOf = (version: string): string => `
  mkdir /opt/mostro-push-server-${version} && cd /opt/mostro-push-server-${version}
  cp -R /src/dist /src/deploy /src/.env.example . && ln -s /src/node_modules node_modules
  sed 's/"version": "[^"]*"/"version": "${version}"/' /src/package.json > package.json
`;

describe.skipIf(!isAsked || whyNot !== undefined)('in a booted systemd', () => {
  let [relay, google]: [RelayStandIn?, GoogleStandIn?] = [];
  let systemd: BootedSystemd;
  let serverUrl: string;
  let phones = 0;

  const theRelay = (): RelayStandIn => relay as RelayStandIn;
  const theGoogle = (): GoogleStandIn => google as GoogleStandIn;

  async function phone(): Promise<Pick<Phone, 'tradePubkey'>> {
    return registeredPhone({ name: `phone ${++phones}`, kind: 'android', serverUrl });
  }

  /** The relay keeps the event, as real relays do, for a server that is away. */
  function publish(tradePubkey: string): void {
    const event = eventFor([tradePubkey]);
    theRelay().store(event);
    theRelay().broadcast(event);
  }

  /** Publishes an event for a registered phone, and waits until it is woken. */
  async function wakes(tradePubkey: string): Promise<void> {
    const before = theGoogle().pushes.all.length;
    publish(tradePubkey);
    await theGoogle().pushes.atLeast(before + 1);
  }

  /** Owner, mode and path of everything that the service has. */
  const files = (): Promise<string> =>
    systemd.succeed(`find ${DATA} /var/log/mostro-push /etc/mostro-push -printf '%u:%g %m %p\\n' | sort`);

  async function untilStatus(status: string): Promise<void> {
    await expect.poll(() => systemd.show('StatusText'), { timeout: 3 * PATIENCE_MS }).toBe(status);
  }

  beforeAll(async () => {
    [relay, google] = [await RelayStandIn.start(), await GoogleStandIn.start({ tls: false })];
    systemd = await bootSystemd();
    const [port, adminPort] = [await freePort(), await freePort()];
    serverUrl = `http://127.0.0.1:${port}`;
    await systemd.succeed(programOf('0.4.0'));
    const account = JSON.stringify(google.serviceAccount);
    const configure = `cat >> /etc/mostro-push/.env <<'END'
SERVER_PORT=${port}
ADMIN_PORT=${adminPort}
NOSTR_RELAYS=${theRelay().url}
FCM_BASE_URL=${google.baseUrl}
FIREBASE_SERVICE_ACCOUNT_JSON='${account}'
VAPID_SUBJECT=mailto:ops@push.example
END
`;
    // The page's own lines. The operator edits .env before the check; a later test has the doctor.
    const install = await linesOf('deployment.md', '## systemd');
    await systemd.succeed(
      install
        .replace('mostro-push --check', `${configure}mostro-push --check`)
        .replace(/^mostro-push doctor$/m, ''),
    );
  });

  afterAll(async () => {
    await systemd[Symbol.asyncDispose]();
    await theRelay()[Symbol.asyncDispose]();
    await theGoogle()[Symbol.asyncDispose]();
  });

  test('the page’s lines install a server that serves, and that systemd knows by both names', async () => {
    expect(await systemd.succeed('systemctl is-active mostro-push mostro-push-backend')).toBe(
      'active\nactive\n',
    );
    await untilStatus('ready');
    expect(await systemd.succeed(`tail -n 1 ${LOG}`)).toContain('"msg":');
    await wakes((await phone()).tradePubkey);
  });

  test('every command works for root and for the service’s user, refuses a stranger, and leaves files as they were', async () => {
    await systemd.succeed(`mostro-push trace ${TOKEN}`);
    const before = await files();
    for (const command of [
      'doctor',
      '--check-config',
      'healthcheck',
      'store info',
      'store verify',
      'store export',
      'keygen --vapid',
      `trace ${TOKEN}`,
    ]) {
      for (const user of [undefined, 'mostro-push'])
        expect(await systemd.run(`cd / && mostro-push ${command}`, user)).toMatchObject({ code: 0 });
      expect(await systemd.run(`cd / && mostro-push ${command}`, 'nobody')).toEqual({
        code: 77,
        output: `mostro-push: run this as root or as mostro-push, for example: sudo mostro-push ${command.split(' ')[0]}\n`,
      });
    }
    for (const user of [undefined, 'mostro-push', 'nobody'])
      expect(await systemd.run('mostro-push --version', user)).toMatchObject({ code: 0 });
    await systemd.succeed('systemctl stop mostro-push');
    for (const user of [undefined, 'mostro-push'])
      expect(await systemd.run('cd / && mostro-push store reseal', user)).toMatchObject({ code: 0 });
    // Without the wrapper too.
    await systemd.succeed(`cd /etc/mostro-push
      DATA_DIR=${DATA} STORE=file node /opt/mostro-push-server/dist/main.js store reseal`);
    expect(await files()).toBe(before);
    await systemd.succeed('systemctl start mostro-push');
    await wakes((await phone()).tradePubkey);
  });

  test('a killed server and one whose event loop stands still are started again, and forget no phone', async () => {
    const { tradePubkey } = await phone();
    await systemd.succeed('systemctl kill --kill-who=main --signal=KILL mostro-push');
    await expect.poll(() => systemd.show('NRestarts'), { timeout: 3 * PATIENCE_MS }).toBe('1');
    await wakes(tradePubkey);
    const { tradePubkey: second } = await phone();
    await systemd.succeed(`mkdir -p /run/systemd/system/mostro-push.service.d
      echo "process.on('SIGUSR2', () => { for (;;); });" > /run/hang.mjs
      printf '[Service]\\nWatchdogSec=3\\nEnvironment=NODE_OPTIONS=--import=/run/hang.mjs\\n' \\
        > /run/systemd/system/mostro-push.service.d/test.conf
      systemctl daemon-reload && systemctl restart mostro-push
      systemctl kill --kill-who=main --signal=USR2 mostro-push`);
    await expect
      .poll(() => systemd.succeed('journalctl -u mostro-push'), { timeout: 3 * PATIENCE_MS })
      .toContain('Watchdog timeout');
    await systemd.succeed(`rm -r /run/systemd/system/mostro-push.service.d
      systemctl daemon-reload && systemctl restart mostro-push`);
    await wakes(second);
  });

  test('a reload takes a new configuration and a new log file, and ends nothing', async () => {
    const pid = await systemd.show('MainPID');
    await systemd.succeed(`echo LOG_LEVEL=debug >> /etc/mostro-push/.env
      mv ${LOG} ${LOG}.1 && systemctl reload mostro-push`);
    await expect
      .poll(() => systemd.run(`cat ${LOG}`))
      .toMatchObject({ output: expect.stringContaining('LOG_LEVEL') });
    expect(await systemd.show('MainPID')).toBe(pid);
  });

  test('a start with an unusable configuration fails at once, says why, and is not repeated', async () => {
    const { code } = await systemd.run(`echo NOSTR_KINDS=nonsense >> /etc/mostro-push/.env
      systemctl restart mostro-push`);
    expect(code).not.toBe(0);
    expect(await systemd.show('ExecMainStatus')).toBe('78');
    expect(await systemd.show('ActiveState')).toBe('failed');
    expect(await systemd.succeed('journalctl -u mostro-push -n 20')).toContain('NOSTR_KINDS');
    await systemd.succeed('sed -i /nonsense/d /etc/mostro-push/.env && systemctl start mostro-push');
  });

  test('an upgrade by the page’s lines misses no event, and the way back does not either', async () => {
    await systemd.succeed(programOf('0.5.0'));
    const steps = [
      ['0.5.0', (await linesOf('upgrading.md', '## systemd')).replace(/^mostro-push doctor$/m, '')],
      ['0.4.0', await linesOf('upgrading.md', '## systemd', 1)],
    ] as const;
    // The test decides how long the server is away.
    await systemd.succeed(`mkdir -p /run/systemd/system/mostro-push.service.d
      printf '[Service]\\nExecStartPre=/bin/sh -c "while [ -e /run/hold ]; do sleep 0.1; done"\\n' \\
        > /run/systemd/system/mostro-push.service.d/test.conf
      systemctl daemon-reload && systemctl restart mostro-push`);
    for (const [version, lines] of steps) {
      const { tradePubkey } = await phone();
      const before = theGoogle().pushes.all.length;
      await systemd.succeed('touch /run/hold');
      const upgraded = systemd.run(`cd /opt/mostro-push-server-${version}\n${lines}`);
      await expect.poll(() => systemd.show('SubState'), { timeout: 3 * PATIENCE_MS }).toBe('start-pre');
      publish(tradePubkey);
      await systemd.succeed('rm /run/hold');
      expect(await upgraded).toMatchObject({ code: 0 });
      await theGoogle().pushes.atLeast(before + 1);
      expect(await systemd.succeed('mostro-push --version')).toMatch(new RegExp(`^${version} `));
      expect(await systemd.succeed(`curl -s ${serverUrl}/api/info`)).toContain(`"version":"${version}"`);
    }
  });

  test('a stop is clean, and the service has few rights', async () => {
    await systemd.succeed('systemctl stop mostro-push');
    expect(await systemd.show('Result')).toBe('success');
    expect(await systemd.succeed('systemd-analyze security mostro-push')).toMatch(
      /exposure level for mostro-push.service: 1\.\d OK/,
    );
    expect(await systemd.succeed(`ls ${DATA}`)).not.toContain('core');
  });
});
