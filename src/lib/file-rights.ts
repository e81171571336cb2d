import { access, constants } from 'node:fs/promises';

/** Whether every user of the machine can read a file of this mode. */
export function isOpenToAll(mode: number): boolean {
  return (mode & 0o004) !== 0;
}

/**
 * What the operator can do about a file that too many users can read. On a mount that is read-only, as those of secrets are, nobody can
 * change the file's mode.
 *
 * @param command what to run if the mode can be changed
 */
export async function remedyForRights(path: string, command: string): Promise<string> {
  const isFixed = await access(path, constants.W_OK).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'EROFS',
  );
  return isFixed
    ? 'its mount is read-only, so give the secret the mode 0440 where it is mounted (Kubernetes: defaultMode and fsGroup; Compose: mode, uid and gid)'
    : `run: ${command} ${path}`;
}
