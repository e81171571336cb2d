import { onTestFinished, vi } from 'vitest';

import { fileHandlePrototype } from './crash-recorder.ts';

/** The disk of this process. A test can make its writes fail. */
export interface FailingDisk {
  /** From now on every write, or every sync, fails with this code. */
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
