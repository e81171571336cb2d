import { expect, test } from 'vitest';

import { VARIABLES } from './variables.ts';
import { incumbentNotes, isIncumbents } from './incumbent-variables.ts';

function named(environment: Record<string, string>): string[] {
  return incumbentNotes(environment).map((note) => note.split(' ', 1)[0] ?? '');
}

test.each([
  'MOSTRO_PUBKEY',
  'NOTIFY_RATE_LIMIT_CLEANUP_INTERVAL_SECS',
  'NOTIFY_PUBKEY_LIMITER_SOFT_CAP',
  'TOKEN_STORE_PATH',
  'TOKEN_STORE_KEY',
])("the Rust server's %s is named with a reason if it is set, and its value is not told", (name) => {
  const [note, ...others] = incumbentNotes({ [name]: 'hunter2' });
  expect([others, note]).toEqual([[], expect.stringMatching(`^${name} is not read`)]);
  expect(note).not.toContain('hunter2');
  expect(incumbentNotes({ [name]: ' ' })).toEqual([]);
  expect([isIncumbents(name), Object.hasOwn(VARIABLES, name)]).toEqual([true, false]);
});

test("variables with another meaning are named only beside one that the Rust server's configuration alone has", () => {
  const shared = {
    RATE_LIMIT_PER_MINUTE: '60',
    BATCH_DELAY_MS: '5000',
    COOLDOWN_MS: '60000',
    SERVER_PORT: '1',
  };
  expect(named(shared)).toEqual([]);
  expect(named({ ...shared, MAX_TOKENS: '50000' }).toSorted()).toEqual([
    'BATCH_DELAY_MS',
    'COOLDOWN_MS',
    'MAX_TOKENS',
    'RATE_LIMIT_PER_MINUTE',
  ]);
});
