import { Arrivals } from '../../stand-ins/arrivals.ts';
import type { WakeEnd, WakeRequest } from '../../src/core/lanes/wake.ts';

/** A wake that was handed to a lane: under way until the test ends it. */
export interface HandedWake {
  readonly request: WakeRequest;
  end(how: WakeEnd): void;
}

/** Lanes whose every wake ends as the test says. */
export class FakeLanes {
  readonly wakes = new Arrivals<HandedWake>();
  /** What the lanes say of every device. */
  hasUnsent = false;

  request(request: WakeRequest): Promise<WakeEnd> {
    return new Promise((end) => this.wakes.push({ request, end }));
  }

  isUnsent(): boolean {
    return this.hasUnsent;
  }

  async follow(): Promise<boolean> {
    return true;
  }
}
