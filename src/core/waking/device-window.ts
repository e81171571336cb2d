import { HOUR_MS } from '../basics/clock.ts';

/** For so long after a second strike counts, in milliseconds, the next owner of a suspect hears of the first one. */
const SUSPICION_MS = 24 * HOUR_MS;
const TRACKS = ['vouched', 'unvouched', 'chat'] as const;

/** What holds back the wakes of a device for a while (contract 5). A server of a fleet leaves it to the next owner of the device. */
export interface DeviceWindow {
  readonly track: 'vouched' | 'unvouched' | 'chat';
  /**
   * - `counted`: nothing runs, but a wake counts against the allowance of its track. There is one for each such wake.
   * - `suspect`: nothing runs, but the device was called gone once ({@link withSuspicion}). The track means nothing.
   */
  readonly phase: 'window' | 'cooldown' | 'counted' | 'suspect';
  /** How long it still lasts, in milliseconds. */
  readonly ms: number;
}

/** The same, where no wake of the device may go for so many milliseconds: its push service wants it to be left alone. */
export function withRest(windows: readonly DeviceWindow[], ms: number): readonly DeviceWindow[] {
  if (ms <= 0) return windows;
  const longer = windows.filter((window) => window.phase === 'counted' || window.ms > ms);
  const isHeld = (track: DeviceWindow['track']): boolean =>
    longer.some((window) => window.track === track && window.phase !== 'counted');
  const resting = TRACKS.filter((track) => !isHeld(track));
  return [...longer, ...resting.map((track) => ({ track, phase: 'window', ms }) as const)];
}

/** The same, where the device is a suspect. @param ms as from `PushLanes.suspicionOf` */
export function withSuspicion(
  windows: readonly DeviceWindow[],
  ms: number | undefined,
): readonly DeviceWindow[] {
  if (ms === undefined) return windows;
  return [...windows, { track: 'vouched', phase: 'suspect', ms: ms + SUSPICION_MS }];
}

/** What {@link withSuspicion} was given, less the time since. */
export function suspicionIn(windows: readonly DeviceWindow[]): number | undefined {
  const suspicion = windows.find(({ phase }) => phase === 'suspect');
  return suspicion && suspicion.ms - SUSPICION_MS;
}
