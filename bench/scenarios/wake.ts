import type { Device } from '../devices.ts';
import type { Span } from '../measured-process.ts';
import type { Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';

/** Wakes these devices at the same time, each by its own event, until the last push is accepted. @param name the name of the program's relays */
export async function wake(
  stage: Stage,
  program: Program,
  name: string,
  devices: readonly Device[],
): Promise<Span> {
  const frames = stage.relay.frames(name, await giftWraps(devices.map(({ tradePubkey }) => tradePubkey)));
  return program.during(async () => {
    const arrived = stage.pushService.pushes(devices.length);
    stage.relay.send(name, Buffer.concat(frames));
    const twice = [...(await arrived).values()].filter((times) => times > 1).length;
    if (twice > 0) throw new Error(`${twice} devices were woken more than once`);
  });
}
