import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { vi } from 'vitest';

import { PATIENCE_MS } from '../../stand-ins/patience.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A systemd as process 1 over this machine's own files: what it changes is in memory and gone at the end. It shares the network, so that
 * it reaches the stand-ins, and starts none of the services that this machine may have: its target is its own.
 */
const MOUNT = `
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
`;
const NSPAWN =
  'exec systemd-nspawn --quiet --directory="$1/root" --register=no --keep-unit --link-journal=no --console=pipe --resolv-conf=off';
const BOOT = `${MOUNT}
printf '[Unit]\\nRequires=basic.target\\nWants=dbus.service\\nAfter=basic.target dbus.service\\n' \\
  > "$1/root/etc/systemd/system/test.target"
${NSPAWN} --bind-ro="$2:/src" --boot systemd.unit=test.target
`;

/** The arguments of `unshare` for one of these scripts. */
const inMounts = (script: string, ...args: string[]): string[] => [
  '--mount',
  'sh',
  '-c',
  script,
  'sh',
  ...args,
];

/** Why no systemd can be booted here, or `undefined`. */
export function whyNotBooted(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'that needs root on Linux';
  for (const command of ['systemd-nspawn', 'unshare', 'nsenter', 'runuser'])
    if (spawnSync(command, ['--version']).error !== undefined)
      return `${command} is missing (.ci/install-systemd)`;
  const place = mkdtempSync('/run/mostro-push-test-');
  const { status, stderr } = spawnSync('unshare', inMounts(`${MOUNT}${NSPAWN} /bin/true`, place));
  rmdirSync(place);
  return status === 0 ? undefined : `this machine lets no container begin: ${stderr.toString().trim()}`;
}

export interface Said {
  readonly code: number;
  readonly output: string;
}

export interface BootedSystemd extends AsyncDisposable {
  /** Runs a script in it. @param user root unless named */
  run(script: string, user?: string): Promise<Said>;
  /** Runs a script, which must succeed. @returns its output */
  succeed(script: string): Promise<string>;
  /** The property of the service, by `systemctl show`. */
  show(property: string): Promise<string>;
}

export async function bootSystemd(): Promise<BootedSystemd> {
  const place = mkdtempSync('/run/mostro-push-test-');
  const machine = spawn('unshare', inMounts(BOOT, place, ROOT), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let console = '';
  for (const stream of [machine.stdout, machine.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (console += text));
  const ended = once(machine, 'exit');
  const run = async (script: string, user?: string): Promise<Said> => {
    const leader = await leaderOf(machine.pid ?? 0);
    const inside = ['-t', leader, '-m', '-u', '-i', '-n', '-p', '-C', '--', 'env', '-i', 'HOME=/root'];
    const as = user === undefined ? [] : ['runuser', '-u', user, '--'];
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    return output('nsenter', [...inside, path, ...as, 'sh', '-ec', script]);
  };
  const succeed = async (script: string): Promise<string> => {
    const { code, output: said } = await run(script);
    if (code !== 0) throw new Error(`ended with ${code}: ${script}\n${said}`);
    return said;
  };
  await vi.waitFor(
    async () => {
      const { output: state } = await run('systemctl is-system-running');
      if (state !== 'running\n') throw new Error(`systemd is ${state}: ${console}`);
    },
    { timeout: PATIENCE_MS, interval: 100 },
  );
  return {
    run,
    succeed,
    show: async (property) => (await succeed(`systemctl show -P ${property} mostro-push`)).trim(),
    async [Symbol.asyncDispose]() {
      await run('systemctl poweroff --no-block').catch(() => undefined);
      await ended;
      rmdirSync(place);
    },
  };
}

/** The process that is process 1 inside. */
async function leaderOf(nspawn: number): Promise<string> {
  const children = await readFile(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8');
  const [leader] = children.trim().split(' ');
  if (leader === undefined || leader === '') throw new Error('systemd has not begun');
  return leader;
}

function output(command: string, args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    const child = execFile(command, args, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? 1, output: stdout + stderr }),
    );
  });
}
