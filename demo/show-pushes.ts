import { compactJson } from './compact-json.ts';
import type { Sleeper } from './sleeper.ts';
import type { Timeline } from './timeline.ts';

const WIDTH = 86;
const SHOWN_TOKEN_CHARACTERS = 12;

/** Shows the body of one push through each push service: all that the service learns of a trade. */
export function showPushes(sleepers: readonly Sleeper[], timeline: Timeline): void {
  for (const [through, service] of [
    ['FCM', 'Google'],
    ['UnifiedPush', 'the UnifiedPush server'],
  ] as const) {
    const woken = sleepers.find((sleeper) => sleeper.through === through && sleeper.wakes.length > 0);
    const body = woken?.wakes[0]?.body;
    if (woken === undefined || body === undefined) continue;
    timeline.title(`All that ${service} learned of ${woken.name}’s trade`);
    const shown = compactJson(JSON.parse(shortened(body, woken.phone.token)), WIDTH);
    for (const line of shown.split('\n')) timeline.line(line);
  }
}

function shortened(body: string, token: string): string {
  return body.replaceAll(token, `${token.slice(0, SHOWN_TOKEN_CHARACTERS)}…`);
}
