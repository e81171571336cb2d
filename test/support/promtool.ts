import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `.ci/install-promtool` puts it there; one that is installed does as well. */
const CANDIDATES = [
  fileURLToPath(new URL('../../.tools/promtool', import.meta.url)),
  ...(process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'promtool')),
];
const PROMTOOL = CANDIDATES.find((candidate) => existsSync(candidate));

/** Whether there is a promtool to test with. */
export const hasPromtool = PROMTOOL !== undefined;

/** Runs promtool, Prometheus's own checker. @returns its exit code and output */
export function promtool(args: readonly string[], input = ''): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(PROMTOOL ?? '', [...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), said: `${stdout}${stderr}` }),
    );
    child.stdin?.end(input);
  });
}
