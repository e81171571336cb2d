/** What holds back the wakes of a device for a while (contract 5). A server of a fleet leaves it to the next owner of the device. */
export interface DeviceWindow {
  readonly track: 'vouched' | 'unvouched' | 'chat';
  readonly phase: 'window' | 'cooldown';
  /** How long it still lasts, in milliseconds. */
  readonly ms: number;
}
