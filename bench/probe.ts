import { monitorEventLoopDelay } from 'node:perf_hooks';

import type { Reading } from './measured-process.ts';

// Loaded into every process that is measured, before its program (`node --import`): answers questions over the channel
// that its parent has opened. The program itself knows nothing of it.

/** How often the event loop is looked at, in milliseconds: pauses shorter than this go unseen. */
const RESOLUTION_MS = 5;
const NS_PER_MS = 1e6;

const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();

process.on('message', (question) => {
  if (question !== 'reading') return;
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const reading: Reading = {
    cpuMs: (user + system) / 1000,
    rssBytes: rss,
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
    longestPauseMs: Math.max(0, delays.max / NS_PER_MS - RESOLUTION_MS),
  };
  delays.reset();
  process.send?.({ reading });
});
