/**
 * Calls back when `ms` milliseconds have passed, and not before what has arrived by then was read. A process that stood still itself
 * finds timers that are due and answers that have come: the answers count.
 * @returns cancels the call
 */
export function deadline(ms: number, callback: () => void): () => void {
  let isCancelled = false;
  const timer = setTimeout(() => {
    setImmediate(() => {
      if (!isCancelled) callback();
    });
  }, ms);
  return () => {
    isCancelled = true;
    clearTimeout(timer);
  };
}
