import type { PushLanes } from '../core/lanes/push-lanes.ts';
import { deviceOf } from '../core/registry/push-target.ts';
import { suspicionIn, withRest, withSuspicion, type DeviceWindow } from '../core/waking/device-window.ts';
import type { OwedWake } from '../core/waking/owed-devices.ts';
import type { Waker } from '../core/waking/waker.ts';

/**
 * What a server of a fleet leaves to the next owner of a group.
 *
 * @param owed what the group is owed, if it is one device: a suspect is owed its wake
 */
export function windowsLeft(
  group: string,
  owed: OwedWake | undefined,
  {
    lanes,
    waker,
  }: {
    readonly lanes: Pick<PushLanes, 'restMs' | 'suspicionOf'>;
    readonly waker: Pick<Waker, 'windowsOf'>;
  },
): readonly DeviceWindow[] {
  const windows = withRest(waker.windowsOf(group), lanes.restMs(group));
  return owed === undefined ? windows : withSuspicion(windows, lanes.suspicionOf(owed.target, group));
}

/** Takes over a device with the wake that another server has owed it. @param windows as from {@link windowsLeft} */
export function payLeft(
  wake: OwedWake,
  windows: readonly DeviceWindow[],
  {
    lanes,
    waker,
  }: {
    readonly lanes: Pick<PushLanes, 'resumeSuspicion'>;
    readonly waker: Pick<Waker, 'continueWindows' | 'payOwed'>;
  },
): Promise<void> {
  const device = deviceOf(wake.target);
  const suspicion = suspicionIn(windows);
  waker.continueWindows(device, windows);
  if (suspicion !== undefined) lanes.resumeSuspicion(wake.target, device, suspicion);
  return waker.payOwed(wake);
}
