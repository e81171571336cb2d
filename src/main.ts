#!/usr/bin/env node
// Whatever the version of Node, it must be able to read this file, so that it can say that it is too old: no import at the top, and no
// syntax that came after Node 12. The program is in `program.ts`.

/** As `engines` in package.json says. */
const NEEDED = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  void import('./program.ts');
} else {
  process.stderr.write(
    `mostro-push needs Node.js ${NEEDED.join('.')} or newer, and this is ${process.version} (${process.execPath}). Install a newer one: https://nodejs.org\n`,
  );
  // As a configuration that is not usable (EX_CONFIG): a restart does not help.
  process.exitCode = 78;
}
