import { introduce } from './introduce.ts';
import { Play } from './play.ts';
import { onStage } from './stage.ts';
import type { Timeline } from './timeline.ts';
import { verdict } from './verdict.ts';

/** The whole demo. @returns whether all went as it should */
export async function perform(timeline: Timeline, interruption: AbortController): Promise<boolean> {
  introduce(timeline);
  const outcome = await onStage((stage) => {
    stage.program.onUnexpectedEnd((error) => interruption.abort(error));
    return new Play(stage, timeline, interruption.signal).run();
  });
  return verdict(outcome, timeline);
}
