import { expect, test } from 'vitest';

import { settled } from '../../../test/support/settled.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { Filter, SubscriptionListener } from './subscription.ts';
import { SharedRequest } from './shared-request.ts';

const MESSAGES: Filter = { kinds: [14], limit: 0 };
const WRAPS: Filter = { kinds: [1059], limit: 0 };
const PAGE: Filter = { kinds: [14], since: 100, until: 200, limit: 500 };

function setUp() {
  const sent: unknown[] = [];
  const heard: string[] = [];
  const request = new SharedRequest({
    ask: (filters) => sent.push(filters),
    close: () => sent.push('CLOSE'),
  });
  const listener = (name: string): SubscriptionListener => ({
    onEvent: ({ createdAt }) => heard.push(`${name} ${createdAt}`) > 0,
    onEose: () => heard.push(`${name} EOSE`) > 0,
    onClosed: (reason) => void heard.push(`${name} ${reason}`),
    onTooLong: () => void heard.push(`${name} too long`),
  });
  const join = async (name: string, filter: Filter): Promise<void> => {
    request.join(name, filter, listener(name));
    await settled();
  };
  const joinBoth = async (): Promise<void> => {
    request.join('wraps', WRAPS, listener('wraps'));
    request.join('messages', MESSAGES, listener('messages'));
    await settled();
  };
  const event = (kind: number, createdAt: number): boolean =>
    request.onEvent({ kind, createdAt } as SubscriptionFrame);
  return { request, join, joinBoth, event, sent, heard };
}

test('subscriptions that join together are one REQ, with kind 14 first, and each gets its EOSE and its events', async () => {
  const { event, heard, joinBoth, request, sent } = setUp();
  await joinBoth();
  expect(sent).toEqual([[MESSAGES, WRAPS]]);
  expect(request.onEose()).toBe(true);
  expect([event(14, 1), event(1059, 2), event(1, 3)]).toEqual([true, true, false]);
  expect(heard).toEqual(['wraps EOSE', 'messages EOSE', 'messages 1', 'wraps 2']);
  expect(request.onEose()).toBe(false);
});

test('a page is a further filter, its events go to it, and all others go to the live subscription', async () => {
  const { event, heard, join, joinBoth, request, sent } = setUp();
  await joinBoth();
  request.onEose();
  heard.length = 0;
  await join('page', PAGE);
  expect(sent.at(-1)).toEqual([MESSAGES, PAGE, WRAPS]);
  event(14, 150);
  event(14, 201);
  event(1059, 150);
  request.onEose();
  request.onTooLong();
  expect(heard).toEqual([
    'page 150',
    'messages 201',
    'wraps 150',
    'page EOSE',
    'wraps too long',
    'messages too long',
    'page too long',
  ]);
});

test('a subscription that joins before EOSE waits for it', async () => {
  const { heard, join, request, sent } = setUp();
  await join('messages', MESSAGES);
  await join('wraps', WRAPS);
  expect(sent).toHaveLength(1);
  request.onEose();
  await settled();
  expect(sent).toHaveLength(2);
  expect(heard).toEqual(['messages EOSE']);
  request.onEose();
  expect(heard).toEqual(['messages EOSE', 'wraps EOSE']);
});

test('a subscription that is asked for again is the same filter in a new REQ, and no event comes twice', async () => {
  const { event, heard, join, request, sent } = setUp();
  await join('old', MESSAGES);
  request.onEose();
  await join('new', MESSAGES);
  expect(sent).toEqual([[MESSAGES], [MESSAGES]]);
  event(14, 1);
  request.onEose();
  request.leave('old');
  event(14, 2);
  await settled();
  expect(heard).toEqual(['old EOSE', 'old 1', 'new EOSE', 'new 2']);
  expect(sent).toHaveLength(2);
});

test('when the last subscription leaves, the REQ is closed', async () => {
  const { join, request, sent } = setUp();
  await join('messages', MESSAGES);
  expect(request.leave('messages')).toBe(true);
  expect(request.leave('messages')).toBe(false);
  await settled();
  expect(sent.at(-1)).toBe('CLOSE');
});

test('a CLOSED for a passing reason ends all subscriptions', async () => {
  const { heard, joinBoth, request, sent } = setUp();
  await joinBoth();
  request.onClosed('error');
  await settled();
  expect(heard).toEqual(['wraps error', 'messages error']);
  expect(sent).toHaveLength(1);
});

test('a REQ that is refused is asked for kind 14 alone, and the other kind stays refused', async () => {
  const { heard, join, joinBoth, request, sent } = setUp();
  await joinBoth();
  request.onClosed('restricted');
  await settled();
  expect(sent.at(-1)).toEqual([MESSAGES]);
  request.onEose();
  await join('wraps', WRAPS);
  expect(sent).toHaveLength(2);
  expect(heard).toEqual(['wraps restricted', 'messages EOSE', 'wraps restricted']);
});

test('if kind 14 alone is refused too, all kinds may be asked for again', async () => {
  const { heard, joinBoth, request, sent } = setUp();
  await joinBoth();
  request.onClosed('restricted');
  await settled();
  request.onClosed('restricted');
  expect(heard).toEqual(['wraps restricted', 'messages restricted']);
  await joinBoth();
  expect(sent.at(-1)).toEqual([MESSAGES, WRAPS]);
});
