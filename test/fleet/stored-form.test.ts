import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { Secret } from '../../src/core/basics/secret.ts';
import { decodeOwed, decodeWake, encodeOwed, encodeWake } from '../../src/fleet/claims/wake-codec.ts';
import { decodeWindows, encodeWindows } from '../../src/fleet/claims/window-codec.ts';
import type { StreamEntry } from '../../src/fleet/engine/engine.ts';
import { FleetNames } from '../../src/fleet/engine/names.ts';
import { ValueSealer } from '../../src/fleet/engine/value-sealer.ts';
import { readDoubt, readLogEntry, readRenewalsEntry } from '../../src/fleet/replica/log-entry.ts';
import { RecordSealer } from '../../src/fleet/replica/record-sealer.ts';
import { decodeRenewals, encodeRenewals } from '../../src/fleet/replica/renewal-codec.ts';
import { EXAMPLES } from '../support/stored-form.ts';

interface Vectors {
  readonly names: Readonly<Record<string, string>>;
  /** By group, the first and the second of four servers. */
  readonly owners: string;
  readonly sealed: string;
  readonly record: string;
  readonly wakes: readonly string[];
  readonly owed: string;
  readonly windows: string;
  readonly renewals: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/fleet-form-1.json', import.meta.url), 'utf8'),
) as Vectors;
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const key = new Secret(Buffer.alloc(32, 0x5e));
const names = new FleetNames(key);
const values = new ValueSealer(key);

function entry(...fields: (string | Buffer | undefined)[]): StreamEntry {
  return { id: '1-0', fields: fields.map((one) => Buffer.from(one ?? '')) };
}

// Servers of two versions run side by side during an upgrade. Whoever must change one of these vectors makes a new form (`forms.ts`), and
// keeps the vector: the older form is still read, and still written until every server reads the new one.
describe('what servers of form 1 keep in the engine for one another', () => {
  test('has these names', () => {
    expect(EXAMPLES.namesOf(names)).toEqual(vectors.names);
  });

  test('is about groups with these owners', () => {
    expect(EXAMPLES.ownersOf(names)).toBe(vectors.owners);
  });

  test('is sealed so', () => {
    const { place, text } = EXAMPLES;
    expect(values.open(bytes(vectors.sealed), Buffer.from(place))?.toString()).toBe(text);
    expect(values.seal(Buffer.from(text), Buffer.from(place))).toHaveLength(vectors.sealed.length / 2);
  });

  test('has registrations that are read', () => {
    const { registration } = EXAMPLES;
    const field = names.field(`registration ${registration.tradePubkey}`);
    expect(new RecordSealer(names, values).open(bytes(vectors.record), field)).toEqual({
      type: 'registered',
      registration,
    });
  });

  test('has a log whose entries are read', () => {
    const [writer, field, value] = ['writer', 'field', 'value'].map((text) => Buffer.from(text));
    const change = { id: '1-0', number: 7, writer, field, value };
    for (const [mode, isRepeated, isOutdated] of [
      ['put', false, false],
      ['remove', false, false],
      ['restore', true, false],
      ['repeat', true, false],
      ['outdate', false, true],
    ] as const)
      expect(readLogEntry(entry('n', '7', 'w', writer, 'f', field, 'v', value, 'm', mode))).toEqual({
        ...change,
        isRepeated,
        isOutdated,
      });
    const places = Buffer.from([0, 0, 1, 2]);
    expect(readRenewalsEntry(entry('n', '7', 'w', writer, 'r', places, 'v', value))).toEqual({
      id: '1-0',
      first: 7,
      writer,
      written: [0, 258],
      value,
    });
    expect(decodeRenewals(bytes(vectors.renewals))).toEqual(EXAMPLES.renewals);
    expect(encodeRenewals(EXAMPLES.renewals).toString('hex')).toBe(vectors.renewals);
    expect(readDoubt(entry('shard', '255'))).toBe(255);
  });

  test('has wakes, owed wakes and windows that are read, and are written with the same bytes', () => {
    const { owed, wakes, windows } = EXAMPLES;
    expect(vectors.wakes.map((hex) => decodeWake(bytes(hex)))).toEqual(wakes);
    expect(wakes.map(({ event, wake }) => encodeWake(event, wake).toString('hex'))).toEqual(vectors.wakes);
    expect([decodeOwed(bytes(vectors.owed)), encodeOwed(owed).toString('hex')]).toEqual([owed, vectors.owed]);
    expect([decodeWindows(bytes(vectors.windows)), encodeWindows(windows).toString('hex')]).toEqual([
      windows,
      vectors.windows,
    ]);
  });
});
