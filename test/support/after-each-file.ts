import { afterAll, vi } from 'vitest';

// Test files share a process. What one of them has replaced is put back before the next one.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
