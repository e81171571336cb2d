import type { RelayIntake } from '../../core/intake/event-intake.ts';
import type { ProofsOfLife } from '../../core/intake/proofs-of-life.ts';
import type { KindWatch } from '../live/kind-watch.ts';

export interface ResumeOptions {
  readonly url: string;
  readonly sink: RelayIntake;
  readonly proofs?: ProofsOfLife | undefined;
}

/** With registrations kept, a restart is a gap: since the relay's own last proof of life, or else that of any relay (contract 2). */
export function resumeWatches(watches: readonly KindWatch[], { proofs, sink, url }: ResumeOptions): void {
  if (proofs === undefined || !sink.hasRegistrations()) return;
  for (const watch of watches) {
    const settledUntil = proofs.of(url, watch.kind) ?? proofs.latest();
    if (settledUntil === undefined) watch.missAll();
    else watch.resume(settledUntil);
  }
}

/** Has a restart remember until when everything has come. @param options.startedAt since when anything could have, in milliseconds */
export function noteWatches(
  watches: readonly KindWatch[],
  { proofs, startedAt, url }: Omit<ResumeOptions, 'sink'> & { readonly startedAt: number },
): void {
  for (const { kind, settledUntil = startedAt } of watches) proofs?.note(url, kind, settledUntil);
}
