import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { loadEnvironment } from './environment.ts';

async function directoryWith(text: string): Promise<string> {
  const directory = await tempDirectory();
  await writeFile(join(directory, '.env'), text);
  return directory;
}

describe('the environment', () => {
  test('is all there is without a .env', async () => {
    expect(await loadEnvironment(await tempDirectory(), { A: 'b' })).toEqual({
      variables: { A: 'b' },
      unknown: [],
    });
  });

  test('is joined with .env', async () => {
    const directory = await directoryWith(
      '# comment\nSERVER_PORT=1\nDATA_DIR="/a b" # why\n\nexport LOG_LEVEL=warn\n',
    );
    const { variables, unknown } = await loadEnvironment(directory, { ADMIN_PORT: '2' });
    expect(variables).toEqual({ SERVER_PORT: '1', DATA_DIR: '/a b', LOG_LEVEL: 'warn', ADMIN_PORT: '2' });
    expect(unknown).toEqual([]);
  });

  test('wins over .env', async () => {
    const { variables } = await loadEnvironment(await directoryWith('SERVER_PORT=1'), { SERVER_PORT: '2' });
    expect(variables['SERVER_PORT']).toBe('2');
  });

  test('may have names that are not ours, but .env may not, without a word', async () => {
    const directory = await directoryWith('SERVER_PROT=1\nSERVER_PORT=1\nBATCH_DELAY_MS=5\n');
    expect((await loadEnvironment(directory, { PATH: '/bin', SERVER_HSOT: 'x' })).unknown).toEqual([
      'SERVER_PROT',
    ]);
  });

  test('is read from .env with the line ends of Windows too', async () => {
    const { variables } = await loadEnvironment(await directoryWith('SERVER_PORT=1\r\nADMIN_PORT=2\r\n'), {});
    expect([variables['SERVER_PORT'], variables['ADMIN_PORT']].map((value) => value?.trim())).toEqual([
      '1',
      '2',
    ]);
  });

  test('does without a .env that is a directory', async () => {
    const directory = await tempDirectory();
    await mkdir(join(directory, '.env'));
    expect(await loadEnvironment(directory, {})).toEqual({ variables: {}, unknown: [] });
  });
});
