import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Whether a file could be made at a path, with the directories above it. Nothing is made.
 *
 * @returns the error code of the system, or `undefined` if the file could be made
 */
export async function whyNotMade(path: string): Promise<string | undefined> {
  const directory = dirname(resolve(path));
  try {
    const found = await stat(directory);
    if (!found.isDirectory()) return 'ENOTDIR';
    await access(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' && directory !== dirname(directory) ? whyNotMade(directory) : code;
  }
}
