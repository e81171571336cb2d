import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { Reading } from './measured-process.ts';

// Loaded into every measured process before its program (`node --import`). It answers questions over the channel
// that its parent has opened. The program itself does not know of it.

/** The interval in which the event loop is observed, in milliseconds. Shorter pauses are not seen. */
const RESOLUTION_MS = 20;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let longestPauseMs = 0;
let seen = { wallMs: performance.now(), cpuMs: cpuMs() };
setInterval(() => {
  const now = { wallMs: performance.now(), cpuMs: cpuMs() };
  // If another process has the core, this process uses no processor time: that is not a pause of its event loop.
  const pauseMs = Math.min(now.wallMs - seen.wallMs - RESOLUTION_MS, now.cpuMs - seen.cpuMs);
  longestPauseMs = Math.max(longestPauseMs, pauseMs);
  seen = now;
}, RESOLUTION_MS).unref();

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

process.on('message', (question) => {
  if (question === 'collect') collectGarbage();
  if (question !== 'reading') return;
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const reading: Reading = {
    cpuMs: cpuMs(),
    rssBytes: rss,
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
    longestPauseMs,
  };
  longestPauseMs = 0;
  process.send?.({ reading });
});
