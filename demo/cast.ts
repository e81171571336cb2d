import { Sleeper } from './sleeper.ts';
import type { Stage } from './stage.ts';

interface Cast {
  readonly alice: Sleeper;
  readonly bob: Sleeper;
  readonly carol: Sleeper;
  readonly dave: Sleeper;
}

/** Gives each of the four a phone and a fresh trade key. */
export function assembleCast(stage: Stage, serverUrl: string): Cast {
  const endpoint = stage.unifiedPush.endpoint('Carol7Kq2');
  return {
    alice: new Sleeper(stage, serverUrl, { name: 'Alice', kind: 'android', through: 'FCM' }),
    bob: new Sleeper(stage, serverUrl, { name: 'Bob', kind: 'ios', through: 'FCM' }),
    carol: new Sleeper(stage, serverUrl, {
      name: 'Carol',
      kind: 'android',
      through: 'UnifiedPush',
      endpoint,
    }),
    dave: new Sleeper(stage, serverUrl, { name: 'Dave', kind: 'android', through: 'FCM' }),
  };
}
