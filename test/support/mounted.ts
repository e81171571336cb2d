import { spawnSync } from 'node:child_process';

/** Whether this user may mount file systems of their own (user namespaces). */
export const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

/** A command in which this directory is a disk of this many KiB. Only processes started by the command see it. */
export function withSmallDisk(directory: string, kib: number): string[] {
  return within(`mount -t tmpfs -o size=${kib}k tmpfs '${directory}'`, directory);
}

/** The same, with the files of another directory on the disk, and the rest of it filled. */
export function withFullDisk(directory: string, kib: number, from: string): string[] {
  const fill = `cp -a '${from}/.' '${directory}/' && (cat /dev/zero > '${directory}/filling' 2>/dev/null || true)`;
  return within(`mount -t tmpfs -o size=${kib}k tmpfs '${directory}' && ${fill}`, directory);
}

/** A command in which this directory is read-only. Only processes started by the command see that. */
export function withReadOnly(directory: string): string[] {
  return within(
    `mount --bind '${directory}' '${directory}' && mount -o remount,bind,ro '${directory}'`,
    directory,
  );
}

/** The path under which this process can reach a path that such a process sees. */
export function seenBy(pid: number, path: string): string {
  return `/proc/${pid}/root${path}`;
}

/** Changes to the directory again, because the former working directory is hidden below the mount. */
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
