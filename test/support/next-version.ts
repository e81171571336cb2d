import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { tempDirectory } from './temp-directory.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What the next version has otherwise: everything that is sealed has another layout in form 2, which a server of this version cannot read. */
const CHANGES: readonly [file: string, from: string, to: string][] = [
  ['forms.js', 'newest: 1', 'newest: 2'],
  [
    'redis-engine.js',
    'this.#last.hear(reading.marker);',
    'this.#last.hear(reading.marker); globalThis.form = reading.marker.form;',
  ],
  ['redis-engine.js', 'this.#last.hear(found);', '(this.#last.hear(found), (globalThis.form = found.form));'],
  [
    'value-sealer.js',
    'return Buffer.concat([this.#salt,',
    "return Buffer.concat([Buffer.from(globalThis.form >= 2 ? 'form2' : ''), this.#salt,",
  ],
  [
    'value-sealer.js',
    'open(sealed, place) {',
    "open(sealed, place) { if (sealed.toString('latin1', 0, 5) === 'form2') sealed = sealed.subarray(5);",
  ],
];

function isNoMap(path: string): boolean {
  return !path.endsWith('.map');
}

/** Makes the program as its next version could be: one that has a second form of the data in the engine. @returns a command that runs it (`serve`) */
export async function nextVersion(): Promise<readonly string[]> {
  const directory = await tempDirectory();
  await cp(join(ROOT, 'dist'), join(directory, 'dist'), { recursive: true, filter: isNoMap });
  for (const name of ['node_modules', 'package.json']) await symlink(join(ROOT, name), join(directory, name));
  for (const [name, from, to] of CHANGES) {
    const file = join(directory, 'dist/fleet/engine', name);
    const code = await readFile(file, 'utf8');
    if (code.split(from).length !== 2) throw new Error(`${name} has not one "${from}"`);
    await writeFile(file, code.replace(from, to));
  }
  // The program is given as Node and its main file; another main file takes its place.
  return ['sh', '-c', `exec "$1" '${join(directory, 'dist/main.js')}'`, 'sh'];
}
