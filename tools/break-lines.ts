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

interface Finding {
  /** `undecided`: a test run did not end in time, because of the mistake or because the machine was busy. */
  readonly state: 'noticed' | 'undecided' | 'UNNOTICED';
  /** The compiler's message, the test by its name, or the run that did not end. */
  readonly by: string;
}

interface Run {
  readonly end: 'passed' | 'failed' | 'out of time';
  readonly output: string;
}

/** For each folder of src/, the folders of test/ whose tests start a whole server and concern it. The first match counts. */
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
    seconds: { type: 'string', default: '300' },
  },
});
const secondsEach = Number(values.seconds);
const chosen = chooseBreaks(values.only, Number(values.breaks), seededDraw(Number(values.seed)));
const counts = { noticed: 0, undecided: 0, UNNOTICED: 0 };
for (const broken of chosen) {
  const finding = await findingOf(broken);
  counts[finding.state] += 1;
  print(broken, finding);
}
await run(COMPILE, secondsEach);
process.stdout.write(`\n${JSON.stringify(counts)}\n`);

/** Draws `count` mistakes, each in another line. Every line for which there is a mistake is equally likely. */
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

/** Writes the mistake into its file, runs what could notice it, and restores the file. */
async function findingOf({ file, line, broken }: Break): Promise<Finding> {
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

async function searched(file: string): Promise<Finding> {
  // The compiled program is written as well: some tests run it.
  const compiled = await run(COMPILE, secondsEach);
  if (compiled.end === 'failed')
    return { state: 'noticed', by: `the compiler: ${/error TS\d+: [^\n]*/.exec(compiled.output)?.[0]}` };
  const [, folders = []] = WHOLE_SERVER_TESTS.find(([folder]) => file.startsWith(folder)) ?? [];
  const attempts = [
    ['vitest', 'run', `${dirname(file)}/`],
    ['vitest', 'related', file, '--run', '--exclude', 'test/**'],
    ...folders.filter((folder) => existsSync(folder)).map((folder) => ['vitest', 'run', folder]),
  ];
  for (const command of attempts) {
    const { end, output } = await run([...command, '--bail=1', '--passWithNoTests'], secondsEach);
    if (end === 'failed')
      return { state: 'noticed', by: /FAIL +([^\n]*)/.exec(output)?.[1] ?? 'a run that failed' };
    if (end === 'out of time')
      return { state: 'undecided', by: `no end in ${secondsEach} s: ${command.join(' ')}` };
  }
  return { state: 'UNNOTICED', by: '' };
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

function print({ file, line, whole, broken }: Break, { state, by }: Finding): void {
  process.stdout.write(`${state} ${file}:${line}
  - ${whole.trim()}
  + ${broken.trim()}
  = ${by}
`);
}
