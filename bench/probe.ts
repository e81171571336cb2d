import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { Reading } from './measured-process.ts';

// Loaded into every process that is measured, before its program (`node --import`): answers questions over the channel
// that its parent has opened. The program itself knows nothing of it.

/** How often the event loop is looked at, in milliseconds: pauses shorter than this go unseen. */
const RESOLUTION_MS = 20;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let longestPauseMs = 0;
let seen = { wallMs: performance.now(), cpuMs: cpuMs() };
setInterval(() => {
  const now = { wallMs: performance.now(), cpuMs: cpuMs() };
  // A loop that stands still because somebody else has the core uses no processor time: that is no pause of ours.
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
