import type { Claim, ClaimReason, EventStanding } from '../../core/fleet/wake-share.ts';
import type { Clock, Schedule } from '../../core/basics/clock.ts';
import { EngineUnavailable, type Engine, type Script } from '../engine/engine.ts';
import { NAME_BYTES, type FleetNames } from '../engine/names.ts';
import { CLAIM } from './claim-script.ts';
import { LOOK } from './look-script.ts';
import { TELL } from './tell-script.ts';
import { decodeWindows, WINDOW_BYTES } from './window-codec.ts';

/** How long a claim is kept after its last change, in milliseconds: for as long as an event is young enough to wake (contract 2). */
export const CLAIM_LIFE_MS = 72 * 60 * 60 * 1000;
/** The least time between two batches: that of the engine. */
const GATHER_MS = 5;
/** As soon as so many pieces wait, they go. The engine does nothing else while a script runs. */
const FULL = 256;
/** So many pieces of news wait for an engine that is down. */
const MOST_NEWS = 100_000;
const SESSION_DIED = '!'.charCodeAt(0);

const REASONS: Readonly<Record<ClaimReason | 'again', number>> = {
  own: 'o'.charCodeAt(0),
  open: 'p'.charCodeAt(0),
  handed: 'h'.charCodeAt(0),
  again: 'a'.charCodeAt(0),
};

const OUTCOMES: Readonly<Record<string, Claim>> = {
  T: { outcome: 'taken', windows: [] },
  D: { outcome: 'done', windows: [] },
  H: { outcome: 'handed', windows: [] },
};
const WON: Claim = { outcome: 'won', windows: [] };
const WON_LETTER = 'W'.charCodeAt(0);

const STANDINGS: Readonly<Record<string, EventStanding>> = { O: 'open', T: 'taken', D: 'done' };

interface Waiting<Answer> {
  /** Two for each claim, or the names of the claims. */
  readonly args: readonly Buffer[];
  readonly resolve: (answers: readonly Answer[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface ClaimBatchesOptions {
  readonly engine: Engine;
  readonly names: FleetNames;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /** The session by which this server speaks now. */
  readonly session: () => Buffer;
  /** The engine says that this session has died. Resolves when there is another one. */
  readonly renew: () => Promise<void>;
  /** What runs for a group that ends here, and whether more of it is open. Asked when the news leave. */
  readonly groupNews: (
    group: string,
    letter: 'L' | 'R',
  ) => { readonly head: Buffer; readonly windows: Buffer };
  readonly onFault: (fault: unknown) => void;
}

/** Gathers claims, looks and news of a moment, and sends each kind as one script: a script of its own for each would cost more than all that it does. */
export class ClaimBatches {
  readonly #options: ClaimBatchesOptions;
  #claims: Waiting<Claim>[] = [];
  #looks: Waiting<EventStanding>[] = [];
  /** Two for each piece. */
  #news: Buffer[] = [];
  /** Groups of which a claim has ended. */
  #ended = new Set<string>();
  #size = 0;
  #lastAt = -Infinity;
  #isScheduled = false;
  /** Resolves when the news that were sent last are told. The engine answers in order. */
  #told: Promise<void> | undefined;

  constructor(options: ClaimBatchesOptions) {
    this.#options = options;
  }

  /** @param args for each claim its head ({@link headOf}) and its sealed wake @throws EngineUnavailable */
  claim(args: readonly Buffer[]): Promise<readonly Claim[]> {
    return new Promise((resolve, reject) => {
      this.#claims.push({ args, resolve, reject });
      this.#gather(args.length / 2);
    });
  }

  /** @throws EngineUnavailable */
  look(names: readonly Buffer[]): Promise<readonly EventStanding[]> {
    return new Promise((resolve, reject) => {
      this.#looks.push({ args: names, resolve, reject });
      this.#gather(names.length);
    });
  }

  /** Tells a piece of news, now or when the engine is up. */
  tell(head: Buffer, value: Buffer): void {
    if (this.#news.length >= 2 * MOST_NEWS) this.#news.splice(0, 2);
    this.#news.push(head, value);
    this.#gather(1);
  }

  /** Something of the group has ended here. */
  groupEnded(group: string): void {
    this.#ended.add(group);
    this.#gather(0);
  }

  /**
   * Claims again, at once, what was claimed before, because the engine may not know it.
   *
   * @throws EngineUnavailable, also if the session has died once more
   */
  async claimAgain(args: readonly Buffer[]): Promise<readonly Claim[]> {
    const reply = await this.#ask(CLAIM, args, 1);
    return answersIn(reply, 0, args.length / 2).answers;
  }

  /** Tells again, at once, what runs for these groups. @throws EngineUnavailable, also if the session has died once more */
  async tellAgain(groups: readonly string[]): Promise<void> {
    const news = groups.map((group) => this.#options.groupNews(group, 'R'));
    await this.#ask(
      TELL,
      news.flatMap(({ head, windows }) => [head, windows]),
      1,
    );
  }

  /** Sends what waits. Resolves when all news are told, or the engine is down. */
  async flush(): Promise<void> {
    const { engine } = this.#options;
    this.#size = 0;
    this.#lastAt = this.#options.monotonic();
    const [claims, looks] = [this.#claims, this.#looks];
    [this.#claims, this.#looks] = [[], []];
    if (engine.isUp && (this.#news.length > 0 || this.#ended.size > 0)) this.#told = this.#flushNews();
    if (claims.length > 0) void this.#sendClaims(claims);
    if (looks.length > 0) void this.#sendLooks(looks);
    await this.#told;
  }

  #gather(pieces: number): void {
    this.#size += pieces;
    if (this.#size >= FULL) return void this.flush();
    if (this.#isScheduled || !this.#options.engine.isUp) {
      // Nothing waits for an engine that is down but news.
      if (!this.#options.engine.isUp && this.#claims.length + this.#looks.length > 0) void this.flush();
      return;
    }
    this.#isScheduled = true;
    const { monotonic, schedule } = this.#options;
    const onTime = (): void => {
      this.#isScheduled = false;
      void this.flush();
    };
    const waitMs = this.#lastAt + GATHER_MS - monotonic();
    if (waitMs > 0) schedule(waitMs, onTime);
    else setImmediate(onTime);
  }

  async #sendClaims(claims: readonly Waiting<Claim>[]): Promise<void> {
    try {
      const args = claims.flatMap(({ args: own }) => own);
      const reply = await this.#ask(CLAIM, args);
      let at = 0;
      for (const { args: own, resolve } of claims) {
        const { answers, end } = answersIn(reply, at, own.length / 2);
        at = end;
        resolve(answers);
      }
    } catch (error) {
      for (const { reject } of claims) reject(error);
    }
  }

  async #sendLooks(looks: readonly Waiting<EventStanding>[]): Promise<void> {
    try {
      const { engine, names, session } = this.#options;
      const all = Buffer.concat(looks.flatMap(({ args }) => args));
      const reply = String(await engine.run(LOOK, [names.prefix], [session(), all]));
      let at = 0;
      for (const { args, resolve } of looks)
        resolve(args.map(() => STANDINGS[reply[at++] ?? ''] ?? 'unknown'));
    } catch (error) {
      for (const { reject } of looks) reject(error);
    }
  }

  async #flushNews(): Promise<void> {
    const [news, ended] = [this.#news, this.#ended];
    [this.#news, this.#ended] = [[], new Set()];
    const args = [...news];
    for (const group of ended) {
      const { head, windows } = this.#options.groupNews(group, 'L');
      args.push(head, windows);
    }
    try {
      await this.#ask(TELL, args);
    } catch (error) {
      // Told later, before all that has happened since. A fault would come again.
      if (!(error instanceof EngineUnavailable)) return this.#options.onFault(error);
      this.#news = [...news, ...this.#news].slice(-2 * MOST_NEWS);
      for (const group of ended) this.#ended.add(group);
    }
  }

  /** Runs a script that speaks for this server's session. */
  async #ask(script: Script, args: readonly Buffer[], tries = 3): Promise<Buffer> {
    const { engine, names, renew, session } = this.#options;
    for (let left = tries; left > 0; left--) {
      const reply = await engine.run(script, [names.prefix], [session(), CLAIM_LIFE_MS, ...args]);
      if (Buffer.isBuffer(reply) && reply[0] !== SESSION_DIED) return reply;
      if (left > 1) await renew();
    }
    throw new EngineUnavailable('it calls every session dead');
  }
}

/** The answers of {@link CLAIM} to so many claims, from a place on. */
function answersIn(reply: Buffer, from: number, count: number): { answers: Claim[]; end: number } {
  const answers: Claim[] = [];
  let at = from;
  for (let left = count; left > 0; left--) {
    const letter = reply[at++];
    if (letter !== WON_LETTER) {
      answers.push(OUTCOMES[String.fromCharCode(letter ?? 0)] ?? WON);
      continue;
    }
    const end = at + 1 + (reply[at] ?? 0) * WINDOW_BYTES;
    const windows = decodeWindows(reply.subarray(at + 1, end));
    answers.push(windows.length === 0 ? WON : { outcome: 'won', windows });
    at = end;
  }
  return { answers, end: at };
}

/**
 * What a claim says besides its wake: the names of the claim and its group, the reason, and the session that owns the group as far as this
 * server knows.
 */
export function headOf(claim: Buffer, group: Buffer, reason: ClaimReason | 'again', owner: Buffer): Buffer {
  const head = Buffer.allocUnsafe(2 * NAME_BYTES + 1 + owner.length);
  claim.copy(head, 0);
  group.copy(head, NAME_BYTES);
  head[2 * NAME_BYTES] = REASONS[reason];
  owner.copy(head, 2 * NAME_BYTES + 1);
  return head;
}

/** What stands before the value of a piece of news. @param letter see `tell-script.ts` */
export function newsHead(
  letter: 'D' | 'X' | 'L' | 'R' | 'S' | 'O' | 'P',
  name: Buffer,
  rest?: Buffer,
): Buffer {
  const head = Buffer.allocUnsafe(1 + name.length + (rest?.length ?? 0));
  head[0] = letter.charCodeAt(0);
  name.copy(head, 1);
  rest?.copy(head, 1 + name.length);
  return head;
}
