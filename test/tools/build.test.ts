import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { tempDirectory } from '../support/temp-directory.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A small program beside the real `tools/build.mjs`. */
class Project {
  readonly path: string;
  commit = '0123abc';

  constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Project> {
    const project = new Project(await tempDirectory());
    for (const file of ['tools/build.mjs', 'tsconfig.json', 'tsconfig.build.json', 'package.json'])
      await cp(join(ROOT, file), join(project.path, file));
    await mkdir(join(project.path, 'src/ops/dashboard/page'), { recursive: true });
    await project.write('src/ops/dashboard/page/page.html', '<p>');
    await project.write('src/main.ts', 'export const answer: number = 1;\n');
    await project.install();
    return project;
  }

  async install(): Promise<void> {
    await symlink(join(ROOT, 'node_modules'), join(this.path, 'node_modules'));
  }

  /** As `npm ci --omit=dev` does. */
  async removeCompiler(): Promise<void> {
    await rm(join(this.path, 'node_modules'));
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.path, file), text);
  }

  async read(file: string): Promise<string> {
    return readFile(join(this.path, file), 'utf8');
  }

  build(...args: string[]): Promise<{ code: number; said: string }> {
    return new Promise((resolve) => {
      const words = [join(this.path, 'tools/build.mjs'), ...args];
      const env = { COMMIT: this.commit };
      execFile(process.execPath, words, { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr }),
      );
    });
  }
}

const DONE = { code: 0, said: '' };

test('npm start compiles once for the same sources, and again after a change or after a compilation that failed', async () => {
  const project = await Project.make();
  expect(await project.build('--if-needed')).toEqual(DONE);
  expect(await project.read('dist/main.js')).toContain('answer = 1');
  expect(await project.read('dist/ops/dashboard/page/page.html')).toBe('<p>');
  expect(await project.read('dist/commit')).toBe('0123abc\n');

  await project.write('dist/main.js', 'left as it is');
  expect(await project.build('--if-needed')).toEqual(DONE);
  expect(await project.read('dist/main.js')).toBe('left as it is');

  await project.write('src/main.ts', 'export const answer: string = 2;\n');
  expect(await project.build('--if-needed')).toMatchObject({ said: expect.stringContaining('error TS2322') });
  await project.write('src/main.ts', 'export const answer: number = 1;\n');
  await project.build('--if-needed');
  expect(await project.read('dist/main.js')).toContain('answer = 1');

  project.commit = '4567def';
  await project.build('--if-needed');
  expect(await project.read('dist/commit')).toBe('4567def\n');
});

test('without the compiler npm start says what is missing and what to type, and starts what was compiled from these sources', async () => {
  const project = await Project.make();
  await project.removeCompiler();
  const missing = { code: 1, said: expect.stringContaining('npm ci --include=dev && npm run build') };
  const first = await project.build('--if-needed');
  expect(first).toEqual(missing);
  expect(first.said).toContain(
    'src/ is not compiled yet. The compiler is not installed: NODE_ENV=production',
  );

  await project.install();
  await project.build();
  await project.removeCompiler();
  project.commit = '4567def';
  expect(await project.build('--if-needed')).toEqual(DONE);

  await project.write('src/main.ts', 'export const answer: number = 2;\n');
  const changed = await project.build('--if-needed');
  expect(changed).toEqual(missing);
  expect(changed.said).toContain('dist/ was compiled from other sources');
});

test('a release, which has no sources, starts as it is', async () => {
  const project = await Project.make();
  await rm(join(project.path, 'src'), { recursive: true });
  await project.removeCompiler();
  expect(await project.build('--if-needed')).toEqual(DONE);
});
