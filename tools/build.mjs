// Compiles src/ into dist/, for `npm run build` and `npm start`. It needs no library but the compiler.
//
//   node tools/build.mjs               compiles
//   node tools/build.mjs --if-needed   compiles only if dist/ is missing, or was made from other sources or another commit

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

/** The commit, for `--version`. */
const COMMIT_FILE = 'dist/commit';
/** The digest of the sources. It is written last, so that a compilation that was killed does not count. */
const SOURCES_FILE = 'dist/sources';
const COMPILER = 'node_modules/typescript/bin/tsc';

/** The commit of a clone. Elsewhere `COMMIT` (an image's build argument), and empty if nothing says it. */
function readCommit() {
  const told = process.env.COMMIT ?? '';
  if (!existsSync('.git')) return told;
  try {
    const words = ['describe', '--always', '--dirty', '--exclude=*'];
    return execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return told; // Without git, or in a clone that belongs to another user.
  }
}

function digestOfSources() {
  const sources = readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map(({ parentPath, path, name }) => `${parentPath ?? path}/${name}`);
  // oxlint-disable-next-line unicorn/no-array-sort -- An older Node must come as far as the program, which says what it needs.
  sources.sort();
  const hash = createHash('sha256');
  for (const file of ['tsconfig.json', 'tsconfig.build.json', ...sources])
    hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

function isNeeded(digest, commit) {
  if (read(SOURCES_FILE) !== digest) return true;
  // Without the compiler a name that is out of date is better than no start.
  return commit !== '' && read(COMMIT_FILE) !== commit && existsSync(COMPILER);
}

function compile(digest, commit) {
  rmSync(SOURCES_FILE, { force: true });
  const { status } = spawnSync(process.execPath, [COMPILER, '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
  if (status !== 0) return status ?? 1;
  cpSync('src/ops/dashboard/page', 'dist/ops/dashboard/page', { recursive: true });
  writeFileSync(COMMIT_FILE, `${commit}\n`);
  writeFileSync(SOURCES_FILE, `${digest}\n`);
  return 0;
}

const WITHOUT_COMPILER = `The compiler is not installed: NODE_ENV=production and --omit=dev leave it out. These commands compile and then remove it:

  npm ci --include=dev && npm run build && npm prune --omit=dev

The tarball of a release is compiled already, and so is the image.
`;

function build() {
  // The tarball of a release has the compiled program alone.
  if (!existsSync('src')) return 0;
  const digest = digestOfSources();
  const commit = readCommit();
  if (process.argv[2] === '--if-needed' && !isNeeded(digest, commit)) return 0;
  if (existsSync(COMPILER)) return compile(digest, commit);
  const state = existsSync(COMMIT_FILE)
    ? 'dist/ was compiled from other sources'
    : 'src/ is not compiled yet';
  process.stderr.write(`mostro-push-server: ${state}. ${WITHOUT_COMPILER}`);
  return 1;
}

process.exitCode = build();
