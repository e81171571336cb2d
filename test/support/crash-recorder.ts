import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished, vi } from 'vitest';

/** What a process did to one file, as far as this matters after a power cut. */
type Operation =
  | { readonly type: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly type: 'truncate'; readonly length: number }
  | { readonly type: 'sync' };

/**
 * Records every write, truncation and sync of all open files of this process, and simulates a power cut: after the
 * last sync, the disk may have any part of what was written.
 */
export class CrashRecorder {
  readonly #operations: { file: FileHandle; operation: Operation }[] = [];
  /** How many operations there are. */
  get length(): number {
    return this.#operations.length;
  }

  static async start(): Promise<CrashRecorder> {
    const recorder = new CrashRecorder();
    const prototype = await fileHandlePrototype();
    const note = (file: FileHandle, operation: Operation): void =>
      void recorder.#operations.push({ file, operation });
    const original = { ...methodsOf(prototype) };
    vi.spyOn(prototype, 'write').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
      const [buffer, offset, length, position] = args as [Buffer, number, number, number];
      const result: unknown = await Reflect.apply(original.write, this, args);
      note(this, { type: 'write', position, bytes: Buffer.from(buffer.subarray(offset, offset + length)) });
      return result as never;
    });
    vi.spyOn(prototype, 'truncate').mockImplementation(async function (this: FileHandle, length = 0) {
      await original.truncate.call(this, length);
      note(this, { type: 'truncate', length });
    });
    for (const name of ['datasync', 'sync'] as const) {
      vi.spyOn(prototype, name).mockImplementation(async function (this: FileHandle) {
        await original[name].call(this);
        note(this, { type: 'sync' });
      });
    }
    onTestFinished(() => void vi.restoreAllMocks());
    return recorder;
  }

  /**
   * What can be in the file that was written to last, when the power fails after so many operations: everything synced, and of the
   * rest each write whole, in part, as zeros, or not at all.
   */
  *remains(after: number): Generator<Buffer> {
    const until = this.#operations.slice(0, after);
    const file = until.at(-1)?.file;
    const own = until.filter((one) => one.file === file).map(({ operation }) => operation);
    const synced = own.findLastIndex(({ type }) => type === 'sync') + 1;
    const durable = own.slice(0, synced).reduce<Buffer>(applied, Buffer.alloc(0));
    const unsynced = own.slice(synced);
    for (let kept = 0; kept <= unsynced.length; kept++) {
      const state = unsynced.slice(0, kept).reduce<Buffer>(applied, durable);
      yield state;
      const next = unsynced[kept];
      if (next?.type !== 'write') continue;
      for (const share of [0.01, 0.3, 0.7, 0.99]) {
        const length = Math.floor(next.bytes.length * share);
        yield applied(state, { ...next, bytes: next.bytes.subarray(0, length) });
        const holed = Buffer.from(next.bytes);
        holed.fill(0, length, Math.min(next.bytes.length, Math.ceil(length + next.bytes.length * 0.3)));
        yield applied(state, { ...next, bytes: holed });
      }
    }
  }
}

type Method = 'datasync' | 'sync' | 'truncate' | 'write';

/** The original methods, to be called on any file. */
function methodsOf(prototype: FileHandle): Pick<FileHandle, Method> {
  const names: readonly Method[] = ['datasync', 'sync', 'truncate', 'write'];
  return Object.fromEntries(names.map((name) => [name, prototype[name]])) as unknown as Pick<
    FileHandle,
    Method
  >;
}

function applied(state: Buffer, operation: Operation): Buffer {
  if (operation.type === 'sync') return state;
  if (operation.type === 'truncate')
    return Buffer.concat([state, Buffer.alloc(operation.length)]).subarray(0, operation.length);
  const { bytes, position } = operation;
  const grown = Buffer.alloc(Math.max(state.length, position + bytes.length));
  state.copy(grown);
  bytes.copy(grown, position);
  return grown;
}

/** The prototype of all file handles, so that a test can make the disk fail. */
export async function fileHandlePrototype(): Promise<FileHandle> {
  const directory = await mkdtemp(join(tmpdir(), 'mostro-push-'));
  const file = await open(join(directory, 'any'), 'w');
  const prototype = Object.getPrototypeOf(file) as FileHandle;
  await file.close();
  await rm(directory, { recursive: true });
  return prototype;
}
