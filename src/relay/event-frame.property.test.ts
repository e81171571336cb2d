import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { anyEvent, ordinaryEvent } from '../../test/support/events.ts';
import { anyJsonTextOf } from '../../test/support/json-text.ts';
import { recipientsOf } from '../core/recipients.ts';
import { scanEventFrame, type EventFrame } from './event-frame.ts';

interface Reading {
  readonly id: unknown;
  readonly kind: unknown;
  readonly keys: readonly string[];
  readonly crowded: boolean;
}

/** What `JSON.parse` makes of a frame, or `undefined` when it is no JSON. */
function parsed(bytes: Buffer): Reading | undefined {
  let event: { id: unknown; kind: unknown; tags: string[][] };
  try {
    [, , event] = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  const { keys, crowded } = recipientsOf(event.tags);
  return { id: event.id, kind: event.kind, keys, crowded };
}

function scanned({ id, kind, recipients }: EventFrame): Reading {
  return { id, kind, keys: recipients.keys, crowded: recipients.crowded };
}

describe('the scan never reads an event differently from JSON.parse', () => {
  test('for any event in any spelling it gives up or agrees', () => {
    const spelt = anyEvent.chain((event) => anyJsonTextOf(['EVENT', 'sub', event]));
    fc.assert(
      fc.property(spelt, (text) => {
        const bytes = Buffer.from(text);
        const frame = scanEventFrame(bytes);
        if (frame !== undefined) expect(scanned(frame)).toEqual(parsed(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test('for a frame with any bytes changed it gives up, agrees, or the frame is no JSON', () => {
    const byte = fc.oneof(fc.constantFrom(...Buffer.from('"\\[]{},:p014 \n')), fc.nat(255));
    const change = fc.record({ at: fc.nat(), byte, insert: fc.boolean() });
    fc.assert(
      fc.property(anyEvent, fc.array(change, { minLength: 1, maxLength: 3 }), (event, changes) => {
        let bytes = Buffer.from(JSON.stringify(['EVENT', 'sub', event]));
        for (const { at, byte: value, insert } of changes) {
          const position = at % bytes.length;
          const rest = bytes.subarray(position + (insert ? 0 : 1));
          bytes = Buffer.concat([bytes.subarray(0, position), Buffer.of(value), rest]);
        }
        const frame = scanEventFrame(bytes);
        const reading = frame && parsed(bytes);
        if (reading !== undefined) expect(scanned(frame as EventFrame)).toEqual(reading);
      }),
      { numRuns: 5000 },
    );
  });

  test('any two members with the same name are settled by JSON.parse', () => {
    const name = fc.constantFrom('id', 'kind', 'tags', 'content', 'sig');
    fc.assert(
      fc.property(anyEvent, anyEvent, name, (event, other, twice) => {
        const members = JSON.stringify(event).slice(1, -1);
        const text = `["EVENT","s",{${members},"${twice}":${JSON.stringify(other[twice])}}]`;
        const bytes = Buffer.from(text);
        const frame = scanEventFrame(bytes);
        if (frame !== undefined) expect(scanned(frame)).toEqual(parsed(bytes));
      }),
    );
  });
});

describe('the scan is worth having', () => {
  test('it never gives up on an event as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(ordinaryEvent, (event) => {
        const bytes = Buffer.from(JSON.stringify(['EVENT', 'wake-1059-abcdef', event]));
        const frame = scanEventFrame(bytes);
        expect(frame && scanned(frame)).toEqual(parsed(bytes));
        expect(frame?.parse()).toEqual(event);
      }),
      { numRuns: 1000 },
    );
  });
});
