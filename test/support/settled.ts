/** Resolves when everything has happened that waits only for promises (no timers, no sockets). */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
