import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { parseServerKey } from '../crypto/server-key.ts';
import { checkConfig } from './check-config.ts';
import { keygen } from './keygen.ts';

const nowhere = {
  write: () => undefined,
  problem: () => undefined,
  retry: () => undefined,
  onLost: () => undefined,
};

async function check(
  environment: Record<string, string>,
  dotEnv = '',
): Promise<{ printed: string; directory: string }> {
  const directory = await tempDirectory();
  if (dotEnv !== '') await writeFile(join(directory, '.env'), dotEnv);
  let printed = '';
  await checkConfig({
    version: '0',
    pid: 1,
    directory,
    environment: { DATA_DIR: directory, ...environment },
    isTerminal: false,
    onWarning: () => undefined,
    abandon: () => undefined,
    output: nowhere,
    errorOutput: nowhere,
    print: (text) => (printed += text),
    printError: (text) => (printed += text),
  });
  return { printed, directory };
}

describe('--check-config', () => {
  test('calls a right configuration usable, and makes no file', async () => {
    const { printed, directory } = await check({
      FCM_ENABLED: 'false',
      UNIFIEDPUSH_ENABLED: 'true',
      REGISTRATION_AUTH: 'off',
      VAPID_SUBJECT: 'mailto:ops@push.example',
    });
    expect(printed).toBe('The configuration is usable.\n  The server key will be made on the first start.\n');
    expect(await readdir(directory)).toEqual([]);
  });

  test('fails with every problem', async () => {
    const message = /SERVER_PORT: .*\n.*LOG_LEVEL: /;
    await expect(check({ SERVER_PORT: 'x' }, 'LOG_LEVEL=loud\n')).rejects.toThrow(message);
  });

  test('fails with every problem if the data directory is one of them', async () => {
    await expect(check({ DATA_DIR: '{x', SERVER_PORT: 'x' })).rejects.toThrow(
      /SERVER_PORT: .*\n.*DATA_DIR: /,
    );
  });

  test('names the unknown names in .env after the problems, since they often explain them', async () => {
    await expect(check({ SERVER_PORT: 'x' }, 'SERVER_PROT=1\n')).rejects.toThrow(
      /SERVER_PORT.*\n.*SERVER_PROT in \.env/,
    );
  });

  test('shows the public key and never the private one', async () => {
    const [, privateKey = ''] = /SERVER_PRIVATE_KEY=(\w+)/.exec(keygen()) ?? [];
    const { printed } = await check({ SERVER_PRIVATE_KEY: privateKey });
    expect(printed).toContain(`Public key: ${parseServerKey(privateKey)?.publicKeyHex}`);
    expect(printed).not.toContain(privateKey);
  });

  test('names the unknown names in .env', async () => {
    const { printed } = await check({ FCM_ENABLED: 'false' }, 'SERVER_PROT=1\n');
    expect(printed).toContain('  ! SERVER_PROT in .env means nothing to this program\n');
  });
});

test('--check-config warns of a log file that cannot be opened, without which a start goes on', async () => {
  const { printed } = await check({ LOG_FILE: '/dev/null/app.log' });
  expect(printed).toContain('  ! log file unwritable: /dev/null/app.log cannot be opened (ENOTDIR).\n');
});

describe('keygen', () => {
  test('prints a line for .env with the public key before it', () => {
    const [, hex, npub, privateKey = ''] =
      /^# public key (\w{66})\n# (npub1\w+)\nSERVER_PRIVATE_KEY=(\w{64})\n$/.exec(keygen()) ?? [];
    expect(parseServerKey(privateKey)).toMatchObject({ publicKeyHex: hex, npub });
  });
});
