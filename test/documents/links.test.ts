import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** `[text](target)`, but for images and links to the web. */
const LINK = /(?<!!)\[[^\]]*\]\((?!https?:)([^)\s]+)\)/g;
const HEADING = /^#{1,6} (.+)$/gm;
const FENCED = /^```.*?^```$/gms;
/** A file that a sentence names in backquotes: a path with a folder, and without a wildcard or a placeholder. */
const NAMED_FILE = /`((?:src|test|stand-ins|bench\/limits|demo|deploy|examples|tools|\.ci)\/[\w./-]+)`/g;

async function pages(): Promise<readonly string[]> {
  const inDocs = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  return [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'SECURITY.md',
    ...inDocs.map((name) => `docs/${name}`),
  ];
}

function proseOf(path: string): Promise<string> {
  return readFile(join(ROOT, path), 'utf8').then((text) => text.replaceAll(FENCED, ''));
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '');
  return words.trim().replaceAll(/\s/g, '-');
}

async function anchorsOf(path: string): Promise<ReadonlySet<string>> {
  const headings = (await proseOf(path)).matchAll(HEADING);
  return new Set([...headings].map(([, heading = '']) => anchorOf(heading)));
}

test('every link between the documents leads to a file that is there, and to a heading of it', async () => {
  const broken: string[] = [];
  for (const page of await pages()) {
    for (const [, target = ''] of (await proseOf(page)).matchAll(LINK)) {
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? page : relative(ROOT, join(ROOT, dirname(page), file));
      const isThere = existsSync(join(ROOT, path));
      const isWhole = anchor === undefined || (isThere && (await anchorsOf(path)).has(anchor));
      if (!isThere || !isWhole) broken.push(`${page}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test('every file of the project that a document names in a sentence is there', async () => {
  const missing: string[] = [];
  for (const page of await pages()) {
    for (const [, path = ''] of (await proseOf(page)).matchAll(NAMED_FILE))
      if (!existsSync(join(ROOT, path))) missing.push(`${page}: ${path}`);
  }
  expect(missing).toEqual([]);
});

test('the index of the documents leads to every page of docs/', async () => {
  const index = await readFile(join(ROOT, 'docs/README.md'), 'utf8');
  const names = (await pages()).filter((page) => page.startsWith('docs/')).map((page) => page.slice(5));
  expect(names.filter((name) => name !== 'README.md' && !index.includes(`](${name})`))).toEqual([]);
});
