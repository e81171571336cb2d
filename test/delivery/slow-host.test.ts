import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { eventsFor, registerDevices } from '../support/devices.ts';
import { silence } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { isLeftOut, PUSHES_ARE_COUNTED } from '../support/wake-policy.ts';

const COUNTED = isLeftOut(PUSHES_ARE_COUNTED);

const SLOW = 1000;
const FAST = 200;

test.skipIf(COUNTED)(
  '1 000 wakes queued to a push server that hangs delay neither FCM nor another push server: both have woken all of their devices before one of the 1 000 is given up',
  async () => {
    const { relay, google, server } = await setScene();
    const slow = keep(await UnifiedPushStandIn.start());
    const fast = keep(await UnifiedPushStandIn.start());
    // A host is known by its name, so the other push server has another name than the one that hangs.
    const slows = await registerDevices(server, SLOW, (n) => slow.endpoint(`Slow${n}`));
    const fasts = await registerDevices(server, FAST, (n) =>
      fast.endpoint(`Fast${n}`).replace('127.0.0.1', 'localhost'),
    );
    const fcms = await registerDevices(server, FAST);

    slow.answer = silence;
    for (const event of eventsFor(slows)) relay.broadcast(event);
    await untilMetric(server, 'mostro_push_wakes_queued_total{provider="unifiedpush"}', SLOW);
    for (const event of eventsFor([...fasts, ...fcms])) relay.broadcast(event);
    await fast.pushes.atLeast(FAST);
    await google.pushes.atLeast(FAST);
    // The push server that hangs keeps its places until the first of its wakes is given up. A wake that waited for a place would have come after that.
    expect(await server.metric('mostro_push_pushes_total{provider="unifiedpush",outcome="retry"}')).toBe(0);
    expect(slow.pushes.count).toBeLessThan(SLOW);
  },
);
