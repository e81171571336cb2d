import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { AdminToken, AdminTokenError } from './admin-token.ts';

describe('the admin token', () => {
  test('is created for its owner only when it is first needed, and then stays', async () => {
    const directory = join(await tempDirectory(), 'data');
    const token = await new AdminToken(directory).read();
    const path = join(directory, 'admin.token');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toBe(`${token.reveal()}\n`);
    expect(token.reveal()).toMatch(/^[0-9a-f]{64}$/);
    expect((await new AdminToken(directory).read()).reveal()).toBe(token.reveal());
    expect(await readdir(directory)).toEqual(['admin.token']);
  });

  test('is one, even if several create it at the same time', async () => {
    const directory = await tempDirectory();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => new AdminToken(directory).read()));
    expect(new Set(tokens.map((token) => token.reveal())).size).toBe(1);
  });

  test('is accepted, and every other text is refused', async () => {
    const directory = await tempDirectory();
    const token = new AdminToken(directory);
    const right = (await token.read()).reveal();
    const wrong = ['', right.slice(1), `${right}0`, right.toUpperCase(), '0'.repeat(64)];
    expect(await token.accepts(right)).toBe(true);
    for (const presented of wrong) expect(await token.accepts(presented)).toBe(false);
  });

  test('that was replaced is accepted at once', async () => {
    const directory = await tempDirectory();
    const token = new AdminToken(directory);
    const former = (await token.read()).reveal();
    await writeFile(join(directory, 'admin.token'), 'another-one\n');
    expect([await token.accepts(former), await token.accepts('another-one')]).toEqual([false, true]);
  });

  test('that other users can read is refused, and the message has the command that repairs it', async () => {
    const directory = await tempDirectory();
    const path = join(directory, 'admin.token');
    await writeFile(path, 'secret\n');
    await chmod(path, 0o640);
    const refused = new AdminToken(directory).read();
    await expect(refused).rejects.toThrow(AdminTokenError);
    await expect(refused).rejects.toThrow(`chmod 600 ${path}`);
  });

  test('that is empty is refused', async () => {
    const directory = await tempDirectory();
    await writeFile(join(directory, 'admin.token'), '\n', { mode: 0o600 });
    await expect(new AdminToken(directory).accepts('')).rejects.toThrow('is empty');
  });
});
