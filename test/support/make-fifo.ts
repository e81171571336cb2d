import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Makes a FIFO; Node itself cannot. */
export async function makeFifo(path: string): Promise<void> {
  await promisify(execFile)('mkfifo', [path]);
}
