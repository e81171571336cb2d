import { readFileSync } from 'node:fs';

/** In a tarball of `git archive` this is the commit (.gitattributes). */
const ARCHIVED = '$Format:%h$';

/** The version that `package.json` names. */
export function readVersion(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/**
 * The commit from which the program was built: what the build has written, with `-dirty` where files were changed since, or what the
 * tarball says. @returns `undefined` if neither knows
 */
export function readCommit(): string | undefined {
  const built = readBuilt();
  if (built !== '') return built;
  return ARCHIVED.startsWith('$') ? undefined : ARCHIVED;
}

function readBuilt(): string {
  try {
    return readFileSync(new URL('../commit', import.meta.url), 'utf8').trim();
  } catch {
    return ''; // Built by another tool than `npm run build`.
  }
}
