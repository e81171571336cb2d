import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** The core of the measured process. The processes that load it use the next core. */
const MEASURED_CORE = 0;
const LOADING_CORE = 1;

/** Whether this machine can bind processes to cores (`taskset` of util-linux). */
export function canPin(): boolean {
  if (cpus().length < 2) return false;
  try {
    execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Binds this process to the core for the load. */
export function pinLoad(): void {
  if (canPin())
    execFileSync('taskset', ['-a', '-c', '-p', String(LOADING_CORE), String(process.pid)], {
      stdio: 'ignore',
    });
}

/** A command line that runs on the measured core. */
export function onMeasuredCore(command: string, args: readonly string[]): [string, string[]] {
  return canPin() ? ['taskset', ['-c', String(MEASURED_CORE), command, ...args]] : [command, [...args]];
}
