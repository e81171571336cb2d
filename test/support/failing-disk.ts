import { onTestFinished, vi } from 'vitest';

import { fileHandlePrototype } from './crash-recorder.ts';

/** The disk of this process, which can be told to take nothing. */
export interface FailingDisk {
  /** Every write fails with this code from now on, as if the disk were full, or every sync. */
  fail(code: string, what?: 'write' | 'datasync'): void;
  heal(): void;
}

function heal(): void {
  vi.restoreAllMocks();
}

export async function failingDisk(): Promise<FailingDisk> {
  const prototype = await fileHandlePrototype();
  onTestFinished(heal);
  return {
    fail: (code, what = 'write') => {
      const fault = Object.assign(new Error(code), { code });
      vi.spyOn(prototype, what).mockRejectedValue(fault);
    },
    heal,
  };
}
