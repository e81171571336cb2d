import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { loadEnvironment } from './environment.ts';

async function directoryWith(text: string): Promise<string> {
  const directory = await tempDirectory();
  await writeFile(join(directory, '.env'), text, { mode: 0o600 });
  return directory;
}

describe('the environment', () => {
  test('is used alone if there is no .env', async () => {
    expect(await loadEnvironment(await tempDirectory(), { A: 'b' })).toEqual({
      variables: { A: 'b' },
      warnings: [],
      problems: [],
    });
  });

  test('is joined with .env', async () => {
    const directory = await directoryWith(
      '# comment\nSERVER_PORT=1\nDATA_DIR="/a b" # why\n\nexport LOG_LEVEL=warn\n',
    );
    const { variables, warnings } = await loadEnvironment(directory, { ADMIN_PORT: '2' });
    expect(variables).toEqual({ SERVER_PORT: '1', DATA_DIR: '/a b', LOG_LEVEL: 'warn', ADMIN_PORT: '2' });
    expect(warnings).toEqual([]);
  });

  test('wins over .env', async () => {
    const directory = await directoryWith('STORE=memory\nSERVER_HOST=::1');
    const { variables, warnings } = await loadEnvironment(directory, { STORE: 'file', SERVER_HOST: '::1' });
    expect(variables['STORE']).toBe('file');
    expect(warnings).toEqual(['STORE in .env has no effect, because the environment has another value']);
  });

  test.each(['', ' \t'])('does not win over .env by a variable that says nothing: %j', async (empty) => {
    const directory = await directoryWith('SERVER_PORT=1');
    const { variables } = await loadEnvironment(directory, { SERVER_PORT: empty, ADMIN_PORT: '2' });
    expect(variables).toEqual({ SERVER_PORT: '1', ADMIN_PORT: '2' });
  });

  test('wins over .env by an empty variable if an empty text is a value of its own', async () => {
    const directory = await directoryWith('CORS_ALLOWED_ORIGINS=https://a.example');
    const { variables } = await loadEnvironment(directory, { CORS_ALLOWED_ORIGINS: '' });
    expect(variables).toEqual({ CORS_ALLOWED_ORIGINS: '' });
  });

  test('may have unknown names without a warning, but .env may not', async () => {
    const directory = await directoryWith('SERVER_PROT=1\nSERVER_PORT=1\nBATCH_DELAY_MS=5\n');
    expect((await loadEnvironment(directory, { PATH: '/bin', SERVER_HSOT: 'x' })).warnings).toEqual([
      'SERVER_PROT in .env means nothing to this program',
    ]);
  });

  test('is read from .env with the line ends of Windows too', async () => {
    const { variables } = await loadEnvironment(await directoryWith('SERVER_PORT=1\r\nADMIN_PORT=2\r\n'), {});
    expect([variables['SERVER_PORT'], variables['ADMIN_PORT']].map((value) => value?.trim())).toEqual([
      '1',
      '2',
    ]);
  });

  test('of quotation marks alone says nothing, so it does not win over .env', async () => {
    const directory = await directoryWith('SERVER_PORT=1');
    const { variables } = await loadEnvironment(directory, { SERVER_PORT: '""' });
    expect(variables).toEqual({ SERVER_PORT: '1' });
  });

  test('is warned of a .env that every user can read', async () => {
    const directory = await directoryWith('SERVER_PORT=1');
    await chmod(join(directory, '.env'), 0o644);
    const { warnings } = await loadEnvironment(directory, {});
    expect(warnings).toEqual([
      `.env can be read by every user of this machine; run: chmod o-r ${join(directory, '.env')}`,
    ]);
  });

  test('is a wrong configuration with a .env that cannot be read', async () => {
    const directory = await tempDirectory();
    await symlink('.env', join(directory, '.env'));
    expect(await loadEnvironment(directory, {})).toMatchObject({
      problems: ['.env: cannot be read (ELOOP)'],
    });
  });

  test('is used alone if .env is a directory', async () => {
    const directory = await tempDirectory();
    await mkdir(join(directory, '.env'));
    expect(await loadEnvironment(directory, {})).toEqual({
      variables: {},
      warnings: [],
      problems: [],
    });
  });
});
