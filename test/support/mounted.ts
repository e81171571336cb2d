import { spawnSync } from 'node:child_process';

/** Whether this user may have mounts of their own here (user namespaces). */
export const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

/** The command within which a directory is a disk of so many KiB, seen by what runs there alone. */
export function withSmallDisk(directory: string, kib: number): string[] {
  return within(`mount -t tmpfs -o size=${kib}k tmpfs '${directory}'`, directory);
}

/** The same, with the files of another directory on it, and filled up. */
export function withFullDisk(directory: string, kib: number, from: string): string[] {
  const fill = `cp -a '${from}/.' '${directory}/' && (cat /dev/zero > '${directory}/filling' 2>/dev/null || true)`;
  return within(`mount -t tmpfs -o size=${kib}k tmpfs '${directory}' && ${fill}`, directory);
}

/** The command within which a directory is read-only, for what runs there alone. */
export function withReadOnly(directory: string): string[] {
  return within(
    `mount --bind '${directory}' '${directory}' && mount -o remount,bind,ro '${directory}'`,
    directory,
  );
}

/** Where a process that was started so sees a path. */
export function seenBy(pid: number, path: string): string {
  return `/proc/${pid}/root${path}`;
}

/** Leaves the directory and enters it anew, for what was its working directory is now below the mount. */
function within(mount: string, directory: string): string[] {
  const parent = `cd '${directory}/..'`;
  return [
    'unshare',
    '-rm',
    'sh',
    '-c',
    `PATH=/usr/sbin:/usr/bin:/sbin:/bin; ${mount} && ${parent} && exec "$@"`,
    'sh',
  ];
}
