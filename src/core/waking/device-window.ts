const TRACKS = ['vouched', 'unvouched', 'chat'] as const;

/** What holds back the wakes of a device for a while (contract 5). A server of a fleet leaves it to the next owner of the device. */
export interface DeviceWindow {
  readonly track: 'vouched' | 'unvouched' | 'chat';
  /** `counted`: nothing runs, but a wake counts against the allowance of its track. There is one for each such wake. */
  readonly phase: 'window' | 'cooldown' | 'counted';
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
