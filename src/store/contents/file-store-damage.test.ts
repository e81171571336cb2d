import { readFile } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { fcmTarget, registrationAt, tradeKey } from '../../../test/support/registrations.ts';
import { OTHER_KEY, openFileStore } from '../../../test/support/file-store.ts';
import { stateAfter, stateOf, type State } from '../../../test/support/store-states.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { StoreOpenError } from '../file/store-open-error.ts';

const UNSIGNED = { signed: false, now: 0 };
const NOW = Date.UTC(2026, 0, 1);
const nth = (n: number, token = `phone-${n}`) =>
  registrationAt(NOW, { tradePubkey: tradeKey(n), target: fcmTarget(token) });

/** A file to which changes were added one by one, with what the store held after each, and how long the file was. */
async function history(): Promise<{ bytes: Buffer; states: State[]; ends: number[] }> {
  const { path, store } = await openFileStore(await tempDirectory());
  const { registrations } = store.contents;
  const states: State[] = [];
  const ends: number[] = [];
  const note = (): void => {
    states.push(stateOf(store));
    ends.push(store.size);
  };
  note();
  const changes = [
    () => registrations.put(nth(1)),
    () => registrations.put(nth(2)),
    () => registrations.put(nth(1, 'new-phone')),
    () => registrations.remove(tradeKey(2), UNSIGNED),
    () => registrations.put(nth(3)),
  ];
  for (const change of changes) {
    await change();
    note();
  }
  await store.close();
  return { bytes: await readFile(path), states, ends };
}

async function outcome(bytes: Uint8Array): Promise<State | string> {
  return stateAfter(bytes).catch((error: unknown) => {
    if (error instanceof StoreOpenError) return error.message;
    throw error;
  });
}

/** Every byte of the first and the last hundred, and of those between one in eleven: of each group of four in base64, any. */
function* placesIn(from: number, to: number): Generator<number> {
  const edge = 120;
  for (let at = from; at < to; at += at < from + edge || at >= to - edge ? 1 : 11) yield at;
}

/** What ends the document, and is overwritten by every change. */
const TRAILER = 4;

describe('a store file', () => {
  test('that is cut at any byte of its last change gives the state before or after that change', async () => {
    const { bytes, states, ends } = await history();
    const [before = 0, after = 0] = ends.slice(-2);
    for (const length of placesIn(before - TRAILER, after)) {
      const isWhole = length >= after - TRAILER;
      expect(await outcome(bytes.subarray(0, length)), `cut at ${length}`).toEqual(
        states.at(isWhole ? -1 : -2),
      );
    }
  });

  test('that has zeros from any byte of its last change on gives the state before that change', async () => {
    const { bytes, states, ends } = await history();
    const [before = 0, after = 0] = ends.slice(-2);
    for (const from of placesIn(before - TRAILER, after - TRAILER)) {
      const zeroed = Buffer.from(bytes);
      zeroed.fill(0, from);
      expect(await outcome(zeroed), `zeros from ${from}`).toEqual(states.at(-2));
    }
  });

  test('that is cut after any change gives the state after that change', async () => {
    const { bytes, states, ends } = await history();
    for (const [n, end] of ends.entries())
      expect(await outcome(bytes.subarray(0, end - TRAILER))).toEqual(states[n]);
  });
});

describe('a store file with one changed byte', () => {
  test('before its last change stops the start, which names the file, unless the byte has no meaning', async () => {
    const { bytes, states, ends } = await history();
    const last = (ends.at(-2) ?? 0) - TRAILER;
    let stopped = 0;
    let tried = 0;
    for (const at of placesIn(0, last)) {
      tried++;
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      const result = await outcome(flipped);
      if (typeof result !== 'string') expect(result, `byte ${at}`).toEqual(states.at(-1));
      else expect(result, `byte ${at}`).toContain('store.json');
      if (typeof result === 'string') stopped++;
    }
    // The others are in the note for people, or stand between frames.
    expect(stopped).toBeGreaterThan(tried - 120);
  });

  test('in a frame stops the start, which says at which byte the file is damaged and what to do', async () => {
    const { bytes } = await history();
    const flipped = Buffer.from(bytes);
    const at = bytes.indexOf('\n') + 40;
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    expect(await outcome(flipped)).toMatch(
      /store\.json is damaged at byte \d+\. Put a backup in its place.*Nothing was changed/,
    );
  });
});

describe('genuine frames in a store file', () => {
  test.each([
    ['one left out', (frames: string[]) => frames.toSpliced(2, 1)],
    [
      'two frames that changed places',
      (frames: string[]) => [frames[0], frames[1], frames[3], frames[2], ...frames.slice(4)],
    ],
    ['one that is there twice', (frames: string[]) => [...frames, frames.at(-1)]],
  ])('are damage: %s', async (_, change) => {
    const { bytes } = await history();
    const { frames, ...header } = JSON.parse(bytes.toString()) as { frames: string[] };
    const text = `${JSON.stringify(header).slice(0, -1)},"frames":[\n${change(frames)
      .map((frame) => JSON.stringify(frame))
      .join(',\n')}\n]}\n`;
    expect(await outcome(Buffer.from(text))).toContain('damaged');
  });

  test('from another file of the same server are damage', async () => {
    const [one, other] = [await history(), await history()];
    const lines = one.bytes.toString().split('\n');
    const foreign = other.bytes.toString().split('\n');
    lines[2] = foreign[2] ?? '';
    expect(await outcome(Buffer.from(lines.join('\n')))).toContain('damaged');
  });
});

describe('a store file that is sealed with another key', () => {
  test('stops the start, which says so, and stays unchanged', async () => {
    const { path, store } = await openFileStore(await tempDirectory());
    await store.contents.registrations.put(nth(1));
    await store.close();
    const bytes = await readFile(path);
    await expect(stateAfter(bytes, { keys: [OTHER_KEY] })).rejects.toMatchObject({
      message: expect.stringMatching(/sealed with another server key.*SERVER_PRIVATE_KEY_PREVIOUS/) as string,
      isConfiguration: true,
    });
  });
});
