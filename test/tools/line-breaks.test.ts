import { expect, test } from 'vitest';

import { lineBreaksOf } from '../../tools/line-breaks.ts';

const brokenLines = (source: string): string[] =>
  lineBreaksOf(source)
    .flat()
    .map(({ broken }) => broken.trim());

test.each([
  ['const isLate = now >= end;', ['const isLate = now > end;']],
  ['return a && b;', ['return a || b;']],
  ['const MAX = 64_000;', ['const MAX = 128000;']],
  ['const at = list[0];', ['const at = list[1];']],
  ['this.#count += size;', ['this.#count -= size;', '']],
  ['timer.cancel();', ['']],
  ['if (isOver) return;', ['if (!(isOver)) return;', '']],
])('the line %j can be broken as %j', (line, broken) => {
  expect(brokenLines(line)).toEqual(broken);
});

test.each([
  "import { a } from './1.ts';",
  'interface Limits {\n  readonly most: 1 | 2;\n}',
  'type Size =\n  | 281\n  | 1085;',
  '// at 1 > 0',
  '/** true\n * at 1 */',
  "throw new Error('1 > 0');",
  'return /[0-9]/;',
  'return `1 > ${name}`;',
])('no mistake is made in imports, types, comments, texts and patterns: %j', (source) => {
  expect(brokenLines(source)).toEqual([]);
});
