// Makes one-line mistakes in src/, one at a time, and prints which of them no test notices. Each mistake is written into its source file
// and taken out again, so run it in a clone without changes of your own. tools/README.md has an example.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';

import { pick, seededDraw, type Draw } from '../test/support/draw.ts';
import { lineBreaksOf, type LineBreak } from './line-breaks.ts';

interface Break extends LineBreak {
  readonly file: string;
}

interface Run {
  readonly end: 'passed' | 'failed' | 'out of time';
  readonly output: string;
}

/** The folders of test/ that start a whole server, for each folder of src/ that they concern. The first that matches counts. */
const WHOLE_SERVER_TESTS: readonly (readonly [string, readonly string[]])[] = [
  ['src/relay/', ['test/relay/', 'test/wake/', 'test/foreign/']],
  ['src/core/intake/', ['test/relay/', 'test/wake/']],
  ['src/core/waking/', ['test/wake/', 'test/delivery/']],
  ['src/core/lanes/', ['test/delivery/', 'test/wake/']],
  ['src/core/nostr/', ['test/wake/', 'test/relay/']],
  ['src/core/registry/', ['test/contracts/', 'test/http/', 'test/wake/']],
  ['src/core/', ['test/operations/', 'test/program/', 'test/wake/', 'test/delivery/']],
  ['src/push/unifiedpush/', ['test/unifiedpush/', 'test/delivery/']],
  ['src/push/', ['test/delivery/', 'test/operations/', 'test/unifiedpush/']],
  ['src/store/', ['test/store/', 'test/contracts/', 'test/program/']],
  ['src/http/', ['test/http/', 'test/clients/', 'test/documents/']],
  ['src/net/', ['test/unifiedpush/', 'test/http/', 'test/relay/']],
  ['src/ops/', ['test/operations/', 'test/program/', 'test/documents/']],
  ['src/crypto/', ['test/program/', 'test/http/', 'test/unifiedpush/', 'test/wake/']],
  ['src/', ['test/program/', 'test/documents/', 'test/http/', 'test/store/']],
];

const COMPILE = ['tsc', '-p', 'tsconfig.build.json'];

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    breaks: { type: 'string', default: '20' },
    only: { type: 'string', default: 'src/' },
    seconds: { type: 'string', default: '120' },
  },
});
const secondsEach = Number(values.seconds);
const chosen = chooseBreaks(values.only, Number(values.breaks), seededDraw(Number(values.seed)));
let unnoticed = 0;
for (const broken of chosen) {
  const noticed = await noticedBy(broken);
  if (noticed === undefined) unnoticed += 1;
  print(broken, noticed);
}
await run(COMPILE, secondsEach);
process.stdout.write(`\n${unnoticed} of ${chosen.length} mistakes were noticed by no test\n`);

/** So many mistakes, each in another line: every line that can hold one is as likely as any other. */
function chooseBreaks(only: string, count: number, draw: Draw): Break[] {
  const lines = sourceFiles(only).flatMap((file) =>
    lineBreaksOf(readFileSync(file, 'utf8')).map((breaks) => breaks.map((one) => ({ ...one, file }))),
  );
  return Array.from({ length: Math.min(count, lines.length) }, () =>
    pick(draw, lines.splice(draw(lines.length), 1)[0] as Break[]),
  );
}

function sourceFiles(only: string): string[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((name) => join('src', name))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file.startsWith(only))
    .toSorted();
}

/** What noticed the mistake: the compiler, a test by its name, or the time that a test took; nothing, if it is absent. */
async function noticedBy({ file, line, broken }: Break): Promise<string | undefined> {
  const source = readFileSync(file, 'utf8');
  const lines = source.split('\n');
  lines[line - 1] = broken;
  writeFileSync(file, lines.join('\n'));
  try {
    return await searched(file);
  } finally {
    writeFileSync(file, source);
  }
}

async function searched(file: string): Promise<string | undefined> {
  // The compiled program is written as well: some tests run it.
  const compiled = await run(COMPILE, secondsEach);
  if (compiled.end === 'failed') return `the compiler: ${/error TS\d+: [^\n]*/.exec(compiled.output)?.[0]}`;
  const [, folders = []] = WHOLE_SERVER_TESTS.find(([folder]) => file.startsWith(folder)) ?? [];
  const attempts = [
    ['vitest', 'run', `${dirname(file)}/`],
    ['vitest', 'related', file, '--run', '--dir', 'src'],
    ...folders.filter((folder) => existsSync(folder)).map((folder) => ['vitest', 'run', folder]),
  ];
  for (const command of attempts) {
    const { end, output } = await run([...command, '--bail=1', '--passWithNoTests'], secondsEach);
    if (end === 'failed') return /FAIL +([^\n]*)/.exec(output)?.[1] ?? 'a run that failed';
    if (end === 'out of time') return `the time limit of ${secondsEach} s: ${command.join(' ')}`;
  }
  return undefined;
}

async function run(command: readonly string[], seconds: number): Promise<Run> {
  const child = spawn('npx', command, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    process.kill(-(child.pid as number), 'SIGKILL');
  }, seconds * 1000);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  output = stripVTControlCharacters(output);
  if (isLate) return { end: 'out of time', output };
  return { end: code === 0 ? 'passed' : 'failed', output };
}

function print({ file, line, whole, broken }: Break, noticed: string | undefined): void {
  const change = `${file}:${line}\n  - ${whole.trim()}\n  + ${broken.trim()}`;
  process.stdout.write(
    `${noticed === undefined ? 'UNNOTICED' : 'noticed'} ${change}\n  = ${noticed ?? ''}\n`,
  );
}
