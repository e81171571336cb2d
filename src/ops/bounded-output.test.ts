import { Writable } from 'node:stream';

import { describe, expect, test } from 'vitest';

import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import { BoundedOutput } from './bounded-output.ts';
import { LogLosses } from './log-losses.ts';

/** A stream whose reader takes a chunk when the test says so, or refuses it. */
class SlowStream extends Writable {
  readonly taken: string[] = [];
  #pending: { text: string; done: (error?: Error) => void } | undefined;

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.#pending = { text: chunk.toString(), done };
  }

  /** Takes what is offered, and all that was waiting behind it. */
  takeAll(): void {
    for (let next = this.#pending; next !== undefined; next = this.#pending) {
      this.#pending = undefined;
      this.taken.push(next.text);
      next.done();
    }
  }
}

/** Refuses writes with an error for as long as it has one, and stays usable after it, as Node's standard streams do. */
class RefusingStream extends Writable {
  refusal: string | undefined;

  constructor(refusal: string) {
    super();
    this.refusal = refusal;
  }

  override _write(_chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    done(this.refusal === undefined ? undefined : Object.assign(new Error('no'), { code: this.refusal }));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
    (this as unknown as Record<string, () => void>)['_undestroy']?.();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an output that is not read', () => {
  test('keeps text up to its bound, counts the rest as lost, and continues when it is read again', async () => {
    const stream = new SlowStream();
    const output = new BoundedOutput(() => stream, { maxWaitingBytes: 30 });
    const telemetry = new FakeTelemetry();
    const losses = new LogLosses('stdout', output, telemetry);
    for (let n = 0; n < 10; n++) output.write(`line ${n} ...\n`);
    expect(output.problem()).toBe('unread');
    losses.look();
    expect(telemetry.logged('log.lines_lost')).toEqual([]);
    stream.takeAll();
    await settled();
    stream.takeAll();
    await settled();
    expect(stream.taken).toEqual(['line 0 ...\n', 'line 1 ...\n', 'line 2 ...\n']);
    expect(output.problem()).toBeUndefined();
    losses.look();
    losses.look();
    expect(telemetry.logged('log.lines_lost')).toEqual([{ reason: 'stdout', count: 7 }]);
  });

  test('is waited for at the end, for a limited time', async () => {
    const stream = new SlowStream();
    const output = new BoundedOutput(() => stream);
    output.write('last line\n');
    await output.flushed(1);
    expect(stream.taken).toEqual([]);
    const flushed = output.flushed(60_000);
    stream.takeAll();
    await flushed;
    expect(stream.taken).toEqual(['last line\n']);
  });
});

describe('an output that refuses text', () => {
  test('reports why, counts every line, and throws nothing', async () => {
    const stream = new RefusingStream('EPIPE');
    const output = new BoundedOutput(() => stream);
    let lost = 0;
    output.onLost(() => lost++);
    for (let n = 0; n < 3; n++) {
      output.write('line\n');
      await settled();
    }
    expect({ lost, problem: output.problem() }).toEqual({ lost: 3, problem: 'EPIPE' });
  });

  test('is tested with a blank, which is not counted', async () => {
    const stream = new RefusingStream('ENOSPC');
    const output = new BoundedOutput(() => stream);
    let lost = 0;
    output.onLost(() => lost++);
    output.write('line\n');
    await settled();
    output.retry();
    await settled();
    expect({ lost, problem: output.problem() }).toEqual({ lost: 1, problem: 'ENOSPC' });
    stream.refusal = undefined;
    output.retry();
    await settled();
    expect({ lost, problem: output.problem() }).toEqual({ lost: 1, problem: undefined });
  });

  test('is treated the same if it cannot be opened', () => {
    const output = new BoundedOutput(() => {
      throw Object.assign(new Error('no'), { code: 'EBADF' });
    });
    output.write('line\n');
    expect(output.problem()).toBe('EBADF');
  });
});
