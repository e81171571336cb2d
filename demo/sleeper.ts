import { Phone } from '../stand-ins/phone.ts';
import type { Stage } from './stage.ts';

/** A push as the push service saw it. */
interface Wake {
  readonly at: number;
  /** The body, to the letter. */
  readonly body: string;
  /** All else of the request that could tell something. */
  readonly envelope: string;
}

interface SleeperOptions {
  readonly name: string;
  readonly kind: 'android' | 'ios';
  readonly through: 'FCM' | 'UnifiedPush';
  readonly endpoint?: string;
}

/** A phone in somebody's pocket, and what wakes it. */
export class Sleeper {
  readonly name: string;
  readonly through: 'FCM' | 'UnifiedPush';
  readonly phone: Phone;
  /** When something was published for it, each time worth one push. */
  readonly publishedAt: number[] = [];
  readonly #stage: Stage;

  constructor(stage: Stage, serverUrl: string, { through, ...phone }: SleeperOptions) {
    this.name = phone.name;
    this.through = through;
    this.phone = new Phone({ ...phone, serverUrl });
    this.#stage = stage;
  }

  /** Every push so far, the first one first. */
  get wakes(): readonly Wake[] {
    const { google, unifiedPush } = this.#stage;
    const { token } = this.phone;
    if (this.through === 'FCM') {
      return google.pushes.all
        .filter((push) => push.token === token)
        .map(({ at, raw, headers }) => ({ at, body: raw, envelope: JSON.stringify(headers) }));
    }
    return unifiedPush.pushes.all
      .filter(({ path }) => token.endsWith(path))
      .map(({ at, body, headers }) => ({ at, body: body.toString(), envelope: JSON.stringify(headers) }));
  }

  /** From publishing to the first push. */
  get latencyMs(): number | undefined {
    const [publishedAt] = this.publishedAt;
    const [wake] = this.wakes;
    return publishedAt === undefined || wake === undefined ? undefined : wake.at - publishedAt;
  }

  /** How many of the pushes there was news for. */
  get calledFor(): number {
    return Math.min(this.wakes.length, this.publishedAt.length);
  }

  async untilWoken(timeoutMs: number): Promise<void> {
    const { google, unifiedPush } = this.#stage;
    const { token } = this.phone;
    await (this.through === 'FCM'
      ? google.pushes.atLeast(1, { timeoutMs, where: (push) => push.token === token })
      : unifiedPush.pushes.atLeast(1, { timeoutMs, where: ({ path }) => token.endsWith(path) }));
  }
}
