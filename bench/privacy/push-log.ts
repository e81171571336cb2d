/** What the carrier sees: which device it delivered a push to, and when. Times are in seconds. */
export interface PushLog {
  readonly devices: number;
  /** The device and the time of each push, in the order of the times. */
  readonly who: readonly number[];
  readonly when: readonly number[];
}

/** The times of the pushes of each device. */
export function wakesOf({ devices, when, who }: PushLog): Float64Array[] {
  const counts = new Int32Array(devices);
  for (const device of who) counts[device] = (counts[device] as number) + 1;
  const times = Array.from(counts, (count) => new Float64Array(count));
  const filled = new Int32Array(devices);
  who.forEach((device, place) => {
    const at = filled[device] as number;
    (times[device] as Float64Array)[at] = when[place] as number;
    filled[device] = at + 1;
  });
  return times;
}

/** The first place in sorted times that is not before the given time. */
export function firstAt(times: ArrayLike<number>, time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
