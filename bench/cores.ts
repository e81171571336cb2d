import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** The measured process has this core to itself; whatever loads it has the next. */
const MEASURED_CORE = 0;
const LOADING_CORE = 1;

/** Whether processes can be bound to cores here: by `taskset`, of util-linux. */
export function canPin(): boolean {
  if (cpus().length < 2) return false;
  try {
    execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Binds this process to the core that loads. */
export function pinLoad(): void {
  if (canPin())
    execFileSync('taskset', ['-a', '-c', '-p', String(LOADING_CORE), String(process.pid)], {
      stdio: 'ignore',
    });
}

/** A command line that runs bound to the core of what is measured. */
export function onMeasuredCore(command: string, args: readonly string[]): [string, string[]] {
  return canPin() ? ['taskset', ['-c', String(MEASURED_CORE), command, ...args]] : [command, [...args]];
}
