import { expect, test } from 'vitest';

import { lossOf } from './connection-loss.ts';

test.each([
  [1000, 'closed (1000): the relay ended the connection'],
  [1001, 'closed (1001): the relay shuts down or restarts'],
  [1006, 'closed (1006): the connection was cut'],
  [1011, 'closed (1011): the relay has a fault of its own'],
  [1012, 'closed (1012): the relay restarts'],
  [1013, 'closed (1013): the relay is overloaded'],
  [4000, 'closed (4000): the relay ended the connection'],
])('a connection that the relay closes with %i is explained without its own words', (status, reason) => {
  expect(lossOf({ status })).toEqual({ reason });
});

test('a relay that closes the connection by its policy has a remedy', () => {
  expect(lossOf({ status: 1008 })).toEqual({
    reason: 'closed (1008): the relay does not want this connection',
    remedy: expect.stringContaining('admits this server'),
  });
});

test.each(['rubbish', 'chatter'] as const)('a ban for %s is explained, with a remedy', (misconduct) => {
  expect(lossOf({ status: 1006, misconduct })).toEqual({
    reason: expect.stringMatching(new RegExp(`^${misconduct}: the relay sent too many `)),
    remedy: expect.stringMatching(/dials again by itself/),
  });
});
