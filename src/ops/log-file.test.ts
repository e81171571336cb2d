import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { existsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { LogFile } from './log-file.ts';

vi.mock('node:fs', { spy: true });

describe('the log file', () => {
  test('is created with its directory, is appended to, and is not readable by other users', async () => {
    const path = join(await tempDirectory(), 'logs', 'app.log');
    {
      using file = new LogFile(path);
      file.write('one\n');
    }
    using file = new LogFile(path);
    file.write('two\n');
    expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
    expect((await stat(path)).mode & 0o007).toBe(0);
    expect(file.problem()).toBeUndefined();
  });

  test('continues in a new file after a rotation and a reopen', async () => {
    const path = join(await tempDirectory(), 'app.log');
    using file = new LogFile(path);
    file.write('old\n');
    await rename(path, `${path}.1`);
    file.write('still old\n');
    file.reopen();
    file.write('new\n');
    expect(await readFile(`${path}.1`, 'utf8')).toBe('old\nstill old\n');
    expect(await readFile(path, 'utf8')).toBe('new\n');
  });

  test('that cannot be opened reports why, stops nothing, and is opened as soon as possible', async () => {
    const path = join(await tempDirectory(), 'app.log');
    await mkdir(path);
    using file = new LogFile(path);
    file.write('lost\n');
    expect(file.problem()).toBe('EISDIR');
    await rename(path, `${path}.directory`);
    file.retry();
    expect(file.problem()).toBeUndefined();
    file.write('kept\n');
    expect(await readFile(path, 'utf8')).toBe(' kept\n');
  });

  test.skipIf(!existsSync('/dev/full'))('on a full disk reports each lost line, and never throws', () => {
    using file = new LogFile('/dev/full');
    expect(file.problem()).toBeUndefined();
    file.write('{}\n');
    expect(file.problem()).toBe('ENOSPC');
    file.retry();
    expect(file.problem()).toBe('ENOSPC');
  });

  test('starts a new line after a line of which the disk took only a part', async () => {
    const path = join(await tempDirectory(), 'app.log');
    using file = new LogFile(path);
    vi.mocked(writeSync).mockImplementationOnce((descriptor, line) =>
      writeSync(descriptor, line.slice(0, 4)),
    );
    file.write('{"cut":1}\n');
    file.write('{"whole":1}\n');
    expect(await readFile(path, 'utf8')).toBe('{"cu\n{"whole":1}\n');
  });
});
