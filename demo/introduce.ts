import type { Timeline } from './timeline.ts';

const PARTICIPANTS = [
  ['server', 'mostro-push-server: the real program, in a process of its own'],
  ['relay', 'a Nostr relay (NIP-01 over WebSocket)'],
  ['daemon', 'a Mostro node: writes to its traders by relay, knows of no phones'],
  ['google', 'stands in for Google: OAuth, and FCM over TLS and HTTP/2'],
  ['ntfy', 'stands in for a UnifiedPush server'],
  ['Alice', 'an Android phone, reached through FCM'],
  ['Bob', 'an iPhone, reached through FCM'],
  ['Carol', 'an Android phone without Google, reached through UnifiedPush'],
  ['Dave', 'an Android phone for which only a forged event comes: it should not be woken'],
] as const;

/** Prints what the demo will show, and who takes part. */
export function introduce(timeline: Timeline): void {
  const { paint } = timeline;
  timeline.title('Waking sleeping phones: a demo in one act');
  timeline.line('Four phones sleep. News of a trade must wake the one right phone, at once, with');
  timeline.line('one empty push. All happens on 127.0.0.1: no account is used, and no network.');
  timeline.title('The cast');
  for (const [name, role] of PARTICIPANTS) timeline.line(`${paint('cyan', name.padEnd(8))}${role}`);
}
