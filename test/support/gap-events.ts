import { randomBytes } from 'node:crypto';

import type { Device } from './devices.ts';
import { swiftEvents } from './swift-events.ts';

const HOUR = 3600;
const BACKDATING = 48 * HOUR;

/** An event for each device: gift wraps back-dated over two days and signed messages of the last minutes, in turn. */
export function missedEvents(devices: readonly Device[]): ReturnType<typeof swiftEvents> {
  return swiftEvents(
    devices.map(({ key: recipient }, n) =>
      n % 2 === 0
        ? { recipient, kind: 1059, ageSeconds: Math.floor((n / devices.length) * BACKDATING) }
        : { recipient, kind: 14, ageSeconds: n % 300 },
    ),
  );
}

/** Events for strangers: three gift wraps, back-dated over two days, for each message of the last ten minutes. */
export function strangersEvents(count: number): ReturnType<typeof swiftEvents> {
  return swiftEvents(
    Array.from({ length: count }, (_, n) => ({
      recipient: randomBytes(32).toString('hex'),
      kind: n % 4 === 0 ? 14 : 1059,
      ageSeconds: n % 4 === 0 ? n % 600 : Math.floor((n / count) * BACKDATING),
    })),
  );
}
