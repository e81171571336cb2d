import { Arrivals } from '../../stand-ins/arrivals.ts';
import type { Wake, WakeEnd } from '../../src/core/lanes/wake.ts';

/** A wake that was given to a lane. It is under way until the test ends it. */
export interface HandedWake {
  readonly request: Wake;
  end(how: WakeEnd): void;
}

/** Lanes whose wakes the test ends. */
export class FakeLanes {
  readonly wakes = new Arrivals<HandedWake>();

  request(request: Wake): Promise<WakeEnd> {
    return new Promise((end) => this.wakes.push({ request, end }));
  }

  unsent(): undefined {}

  async follow(): Promise<boolean> {
    return true;
  }
}
