import { setTimeout as delay } from 'node:timers/promises';

import { Backoff } from '../../core/basics/backoff.ts';
import type { Request } from './connection.ts';
import type {
  Engine,
  EngineArgument,
  EngineKey,
  EngineReply,
  OnEntries,
  Script,
  StreamPlace,
} from './engine.ts';
import { SettingsComparison, type FleetSettings } from './compare-settings.ts';
import type { EngineAddress } from './engine-address.ts';
import { ENGINE_TIMING, lineLimits, type EngineTiming } from './engine-timing.ts';
import { EngineRefused, EngineUnavailable, reasonOf, ScriptError } from './engine-errors.ts';
import { objectionTo, readFacts, type EngineFacts } from './engine-facts.ts';
import { helplessness } from './engine-failure.ts';
import { Line } from './line.ts';
import { MicroBatches, TOO_MUCH } from './micro-batches.ts';
import { checkKeys } from './foreign-keys.ts';
import { FORMS, type Forms } from './forms.ts';
import type { FleetNames } from './names.ts';
import { openConnection, type OpenedConnection } from './open-connection.ts';
import { ScriptTexts } from './script-texts.ts';
import { handOver, READ_WAIT_MS, tailArguments } from './tail-streams.ts';
import { LastMarker, markerArguments, readMarker, TAKE_MARKER } from './take-marker.ts';

export interface EngineOptions {
  readonly address: EngineAddress;
  readonly names: FleetNames;
  /** The settings of this server; absent if it is none, but a command. */
  readonly settings?: () => FleetSettings;
  /** Called whenever the engine was dialled, and the configuration must change. */
  readonly onRefused?: (refusal: EngineRefused) => void;
  /** Called when keys were found foreign, by this server or another one (`foreign-keys.ts`). @param count how many */
  readonly onForeign?: (count: number) => void;
}

/** So many heartbeats lie between two readings of what the engine says of itself. */
const BEATS_BETWEEN_FACTS = 30;
/** An engine that was up for so long is dialled without delay. */
const STEADY_MS = 10_000;
/** How long {@link RedisEngine.tail} waits before it tries again. */
const TAIL_PAUSE_MS = 50;

const NO_EPOCH = Buffer.alloc(0);

/** What there is while the engine is up. */
interface Up {
  readonly opened: OpenedConnection;
  readonly batches: MicroBatches;
  /** For reads that wait. */
  readonly reading: Line;
  readonly heartbeat: NodeJS.Timeout;
  /** By the monotonic clock. */
  readonly since: number;
  beats: number;
}

/** Redis or Valkey. */
export class RedisEngine implements Engine, AsyncDisposable {
  readonly #options: EngineOptions;
  readonly #timing: EngineTiming;
  readonly #forms: Forms;
  readonly #redial: Backoff;
  readonly #upListeners = new Set<() => void>();
  readonly #downListeners = new Set<() => void>();
  #up: Up | undefined;
  #facts: EngineFacts | undefined;
  readonly #last: LastMarker;
  readonly #comparison: SettingsComparison | undefined;
  #problem: string | undefined = 'it was not dialled yet';
  #redialling: NodeJS.Timeout | undefined;
  #dialling: Promise<unknown> | undefined;
  readonly #closing = new AbortController();
  readonly #scripts = new ScriptTexts();

  /** @param forms replaced in tests */
  constructor(options: EngineOptions, timing = ENGINE_TIMING, forms = FORMS) {
    this.#options = options;
    this.#timing = timing;
    this.#forms = forms;
    this.#redial = new Backoff(timing.redial);
    this.#last = new LastMarker(options.onForeign);
    this.#comparison = options.settings && new SettingsComparison(options.names, options.settings);
  }

  get isUp(): boolean {
    return this.#up !== undefined;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  get facts(): EngineFacts | undefined {
    return this.#facts;
  }

  get epoch(): Buffer {
    return this.#last.marker?.epoch ?? NO_EPOCH;
  }

  get form(): number {
    return this.#last.marker?.form ?? this.#forms.oldest;
  }

  get otherSettings(): readonly string[] {
    return this.#comparison?.lastingFor(this.#timing.disagreementMs) ?? [];
  }

  /**
   * Dials for the first time. If the engine cannot be reached now, it is dialled again and again: this is no failure.
   * @throws EngineRefused if the configuration must change; the engine is closed then
   */
  async open(): Promise<void> {
    const failure = await this.#dial(this.#timing.firstAnswerLimitMs);
    if (!(failure instanceof EngineRefused)) return;
    await this.close();
    throw failure;
  }

  run(script: Script, keys: readonly EngineKey[], args: readonly EngineArgument[]): Promise<EngineReply> {
    return new Promise((resolve, reject) => {
      const rest = [keys.length, ...keys, ...args];
      // An engine that does not know the script gets its text, after the commands that were given meanwhile.
      const onError = (error: Error): void => {
        if (error instanceof ScriptError && error.code === 'NOSCRIPT')
          this.#give('EVAL', [this.#scripts.textOf(script), ...rest], resolve, reject);
        else reject(error);
      };
      this.#give('EVALSHA', [this.#scripts.hashOf(script), ...rest], resolve, onError);
    });
  }

  call(command: string, ...args: EngineArgument[]): Promise<EngineReply> {
    return new Promise((resolve, reject) => this.#give(command, args, resolve, reject));
  }

  async tail(
    streams: () => readonly StreamPlace[],
    onEntries: OnEntries,
    signal: AbortSignal,
  ): Promise<void> {
    const aborted = new Promise<null>((resolve) => {
      signal.addEventListener('abort', () => resolve(null), { once: true });
    });
    while (!signal.aborted && !this.#closing.signal.aborted)
      await handOver(await Promise.race([this.#read(streams()), aborted]), onEntries);
  }

  async openLine(): Promise<Line> {
    const { connection } = await this.#connect();
    return new Line(connection, lineLimits(this.#timing));
  }

  onUp(listener: () => void): () => void {
    this.#upListeners.add(listener);
    return () => this.#upListeners.delete(listener);
  }

  onDown(listener: () => void): () => void {
    this.#downListeners.add(listener);
    return () => this.#downListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#redialling);
    this.#downListeners.clear();
    this.#fall('it was closed');
    await this.#dialling;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #give(
    name: string,
    args: readonly EngineArgument[],
    resolve: Request['resolve'],
    reject: Request['reject'],
  ): void {
    const onError = (error: Error): void => reject(this.#heed(error));
    if (this.#up === undefined) reject(new EngineUnavailable(this.#problem ?? ''));
    else this.#up.batches.add({ name, args, resolve, reject: onError });
  }

  /** An answer that no change is taken now says so for all commands. */
  #heed(error: Error): Error {
    const reason = helplessness(error);
    if (reason === undefined) return error;
    this.#fall(reason);
    return new EngineUnavailable(reason, true);
  }

  async #read(places: readonly StreamPlace[]): Promise<EngineReply> {
    const up = this.#up;
    if (up !== undefined && places.length > 0) {
      try {
        return await up.reading.call('XREAD', ...tailArguments(places));
      } catch (error) {
        // The engine went down, or a key is no stream, or the rights have changed. The places are asked for again.
        if (this.#up === up && error instanceof Error) this.#heed(error);
      }
    }
    await delay(TAIL_PAUSE_MS);
    return null;
  }

  /** @returns why the engine is not up */
  #dial(limitMs = this.#timing.answerLimitMs): Promise<unknown> {
    const dialling = this.#rise(limitMs).catch((error: unknown) => {
      this.#problem = reasonOf(error);
      if (error instanceof EngineRefused) this.#options.onRefused?.(error);
      this.#dialLater();
      return error;
    });
    this.#dialling = dialling;
    return dialling;
  }

  #dialLater(): void {
    if (this.#closing.signal.aborted) return;
    this.#redialling = setTimeout(() => void this.#dial(), this.#redial.next());
  }

  #connect(answerLimitMs = this.#timing.answerLimitMs): Promise<OpenedConnection> {
    const [{ address, names }, { dialLimitMs }] = [this.#options, this.#timing];
    const [forms, known, { signal }] = [this.#forms, this.#last.marker, this.#closing];
    return openConnection({ address, names, dialLimitMs, answerLimitMs, forms, known, signal });
  }

  async #rise(limitMs: number): Promise<void> {
    const opened = await this.#connect(limitMs);
    const reading = await this.#connect(limitMs).catch((error: unknown) => {
      opened.connection.close('it is not ready');
      throw error;
    });
    const { answerLimitMs, gatherMs, heartbeatMs } = this.#timing;
    const up: Up = {
      opened,
      batches: new MicroBatches(opened.connection, { answerLimitMs, gatherMs }, () =>
        this.#fall('it does not answer in time'),
      ),
      reading: new Line(reading.connection, lineLimits(this.#timing, READ_WAIT_MS)),
      heartbeat: setInterval(() => void this.#beat(up), heartbeatMs),
      since: performance.now(),
      beats: 0,
    };
    this.#up = up;
    this.#problem = undefined;
    this.#facts = opened.facts;
    this.#last.hear(reading.marker);
    for (const { connection } of [opened, reading]) connection.onLost((reason) => this.#fall(reason));
    // Before all other commands.
    void checkKeys(this, this.#options.names);
    for (const listener of this.#upListeners) listener();
  }

  #fall(reason: string): void {
    this.#problem = reason;
    const up = this.#up;
    if (up === undefined) return;
    this.#up = undefined;
    clearInterval(up.heartbeat);
    up.batches.close(reason);
    up.opened.connection.close(reason);
    up.reading.close(reason);
    if (performance.now() - up.since >= STEADY_MS) this.#redial.reset();
    for (const listener of this.#downListeners) listener();
    this.#dialLater();
  }

  /** Asks whether the engine answers, takes changes, and still has its data; now and then also what it says of itself. */
  async #beat(up: Up): Promise<void> {
    const { database } = this.#options.address;
    const { check, marker } = this.#options.names;
    const [forms, known] = [this.#forms, this.#last.marker];
    up.beats += 1;
    try {
      // What they find is told by the marker.
      void checkKeys(this, this.#options.names);
      const [reply] = await Promise.all([
        this.run(TAKE_MARKER, [marker], markerArguments(check, forms, known)),
        this.#comparison?.compare(this, up, this.#timing.disagreementMs),
      ]);
      const found = readMarker(reply, { check, database, forms });
      if (known?.epoch.equals(found.epoch) !== true) throw new EngineUnavailable('it has lost its data');
      if (this.#up === up) this.#last.hear(found);
      if (up.beats % BEATS_BETWEEN_FACTS !== 0) return;
      this.#facts = readFacts(String(await this.call('INFO')));
      const objection = objectionTo(this.#facts);
      if (objection !== undefined) throw objection;
    } catch (error) {
      // A beat for which there was no room says nothing: the answers that are due have a limit of their own.
      if (this.#up === up && reasonOf(error) !== TOO_MUCH) this.#fall(reasonOf(error));
    }
  }
}
