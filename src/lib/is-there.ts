import { stat } from 'node:fs/promises';

/** Whether a file or folder is at this path. False also where a folder above cannot be looked into. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
