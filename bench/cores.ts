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
  toLoadingCore(process.pid);
}

/** Binds a process, with all its threads, to the core for the load. */
export function toLoadingCore(pid: number | undefined): void {
  bind(pid, LOADING_CORE);
}

/** Binds a process, with all its threads, to the measured core. */
export function toMeasuredCore(pid: number | undefined): void {
  bind(pid, MEASURED_CORE);
}

function bind(pid: number | undefined, core: number): void {
  if (pid !== undefined && canPin())
    execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' });
}

/** A command line that runs on the measured core. */
export function onMeasuredCore(command: string, args: readonly string[]): [string, string[]] {
  return canPin() ? ['taskset', ['-c', String(MEASURED_CORE), command, ...args]] : [command, [...args]];
}
