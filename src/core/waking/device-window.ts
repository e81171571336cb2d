/** What holds back the wakes of a device for a while (contract 5). A server of a fleet leaves it to the next owner of the device. */
export interface DeviceWindow {
  readonly track: 'vouched' | 'unvouched' | 'chat';
  /** `counted`: nothing runs, but a wake counts against the allowance of its track. There is one for each such wake. */
  readonly phase: 'window' | 'cooldown' | 'counted';
  /** How long it still lasts, in milliseconds. */
  readonly ms: number;
}
