import { percentile } from '../figure.ts';
import { DAY, type Market } from './market.ts';
import { firstAt, wakesOf, type PushLog } from './push-log.ts';

const HOUR = 3600;

/** What a policy costs. */
export interface Costs {
  /** From an event's arrival to the push after it, in seconds. */
  readonly delays: { readonly median: number; readonly p95: number };
  readonly pushesPerDay: number;
  /** The share of all hours of all devices with more than three pushes. */
  readonly crowdedHours: number;
}

/** @param settle how long before the end an event must arrive to be counted, in seconds */
export function costsOf(market: Market, log: PushLog, settle: number): Costs {
  const wakes = wakesOf(log);
  const delays: number[] = [];
  for (const { arrives, isChat, key } of market.steps) {
    if (isChat || arrives > market.days * DAY - settle) continue;
    const times = wakes[market.deviceOf[key] as number] ?? new Float64Array();
    // A clock of whole milliseconds may be a little behind.
    delays.push(Math.max(0, (times[firstAt(times, arrives - 0.001)] ?? Infinity) - arrives));
  }
  const hours = market.days * 24;
  let crowded = 0;
  for (const times of wakes) {
    const counts = new Int32Array(hours + 1);
    for (const at of times) counts[Math.floor(at / HOUR)]!++;
    crowded += counts.filter((count) => count > 3).length;
  }
  return {
    delays: { median: percentile(delays, 0.5), p95: percentile(delays, 0.95) },
    pushesPerDay: log.who.length / market.devices / market.days,
    crowdedHours: crowded / (hours * market.devices),
  };
}
