import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { createEventVerifier } from '../../src/crypto/event-verifier.ts';
import { wasmCurve } from '../../src/crypto/wasm-curve.ts';
import { readMessage } from '../support/frames/read-message.ts';
import { speltEvent, strfry, type Spell } from '../support/spelt-events.ts';

interface Vector {
  readonly name: string;
  readonly event: string;
}

const { frames, forged } = JSON.parse(
  readFileSync(new URL('../vectors/events-spelt-by-relays.json', import.meta.url), 'utf8'),
) as { frames: Vector[]; forged: Vector[] };

const verifier = createEventVerifier(wasmCurve());
const RECIPIENT = 'ab'.repeat(32);
/** Characters that can be written as themselves or escaped, and a pair of surrogates. */
const ODD = 'a\u007F/<&>\u2028é😀"\\\n\u0001';

/** Whether an event, as text in an EVENT frame, is genuine. */
function isGenuine(event: string): boolean {
  const message = readMessage(Buffer.from(`["EVENT","s",${event}]`));
  if (typeof message === 'string' || message.type !== 'EVENT') throw new Error('no EVENT');
  const read = message.frame.parse();
  return read !== undefined && verifier.verify(read) === 'genuine';
}

const everything: Spell = (json) => escaping(json, /[\u007F-\uFFFF]/g, (code) => `\\u${code}`);
const inCapitals: Spell = (json) => escaping(json, /[\u007F-\uFFFF]/g, (code) => `\\u${code.toUpperCase()}`);
const solidus: Spell = (json) => json.replaceAll('/', String.raw`\/`);
const forHtml: Spell = (json) => escaping(json, /[<>&\u2028\u2029]/g, (code) => `\\u${code}`);
const SPELLINGS: readonly [string, Spell][] = [
  ['as NIP-01 has it', (json) => json],
  ['as strfry', strfry],
  ['with everything escaped that is not ASCII', everything],
  ['with escapes in capitals', inCapitals],
  ['with the solidus escaped', solidus],
  ['for HTML', forHtml],
];

function escaping(json: string, what: RegExp, write: (code: string) => string): string {
  return json.replaceAll(what, (unit) => write(unit.charCodeAt(0).toString(16).padStart(4, '0')));
}

/** An event with its members in another order, names escaped, or white space anywhere between tokens. */
const FRAMINGS: readonly [string, Spell][] = [
  ['as it is', (event) => event],
  ['with white space within the tags', (event) => event.replaceAll('],["', '] ,\n\t[ "')],
  ['with white space around every member', (event) => event.replaceAll('","', '" , "')],
  [
    'with its members in another order',
    (event) => event.replace(/^\{(.*),("tags":.*),"sig":("[^"]*")\}$/s, '{"sig":$3,$2,$1}'),
  ],
  ['with a name escaped', (event) => event.replace('"tags"', String.raw`"t\u0061gs"`)],
];

test.each(frames)('a relay’s own spelling is genuine: $name', ({ event }) => {
  expect(isGenuine(event)).toBe(true);
});

test.each(forged)('a relay’s own spelling is forged: $name', ({ event }) => {
  expect(isGenuine(event)).toBe(false);
});

describe.each(SPELLINGS)('tags hashed %s', (_, tags) => {
  test.each(SPELLINGS)(
    'an event whose tags and content are hashed each in a way of its own (content %s) is genuine, however it is framed',
    (_name, content) => {
      const odd = { tags: [['x', ODD], [ODD, ''], []], content: ODD };
      const event = speltEvent(RECIPIENT, odd, { tags, content });
      for (const [framing, frame] of FRAMINGS)
        expect([framing, isGenuine(frame(event))]).toEqual([framing, true]);
    },
  );
});

test.each(SPELLINGS)(
  'an event that was hashed as NIP-01 has it is genuine where a relay writes it %s',
  (_, spell) => {
    const event = speltEvent(RECIPIENT, { tags: [['x', ODD]], content: ODD }, {});
    expect(isGenuine(spell(event))).toBe(true);
  },
);

test.each([
  ['small letters', String.raw`a\ud800b`],
  ['capitals', String.raw`a\uD800b`],
])('a lone surrogate is hashed as it was written, in %s', (_, lone) => {
  const spell: Spell = (json) => json.replaceAll('SURROGATE', lone);
  const parts = { tags: [['x', 'SURROGATE']], content: 'SURROGATE' };
  expect(isGenuine(speltEvent(RECIPIENT, parts, { tags: spell, content: spell }))).toBe(true);
});

test.each(['1790000000', '1.79e9', '1790000000.0', '1152921504606846977', '-1'])(
  'a time that is written %s is hashed so',
  (createdAt) => {
    expect(isGenuine(speltEvent(RECIPIENT, { createdAt }, {}))).toBe(true);
  },
);

const event = speltEvent(RECIPIENT, { tags: [['x', 'a\u007Fb']], content: 'a\u007Fb' }, { tags: strfry });
test.each([
  ['with another letter in a tag', event.replace('["x","a', '["x","A')],
  ['with another letter in its content', event.replace('"content":"a', '"content":"A')],
  ['with another time', event.replace(/"created_at":\d/, '"created_at":2')],
  ['with one more tag', event.replace('"tags":[', '"tags":[["t"],')],
  ['with an escape that stands for another character', event.replace(String.raw`\u007f`, String.raw`\u007e`)],
  [
    'with its tags in a second member',
    event.replace('{', '{"tags":[],').replace(/"tags":(\[\[.*?\]\])/, '"t":$1'),
  ],
])('a spelt event is forged %s', (_, changed) => {
  expect([changed === event, isGenuine(event), isGenuine(changed)]).toEqual([false, true, false]);
});
