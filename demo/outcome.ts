import type { MetricsPage } from './metrics-page.ts';
import type { Sleeper } from './sleeper.ts';

/** What is known when the curtain has dropped. */
export interface Outcome {
  readonly sleepers: readonly Sleeper[];
  /** How many events that must wake nobody went over the relay. */
  readonly sent: Readonly<Record<'forStrangers' | 'repeated' | 'forged', number>>;
  /** Read when every event had been dealt with. */
  readonly metrics: MetricsPage;
  readonly exitCode: number | NodeJS.Signals;
  /** The end of what it printed. */
  readonly lastWords: string;
  /** All pushes that the push services took, whoever they were for. */
  readonly pushes: number;
  /** The status of each message that Google did not take. */
  readonly refusals: readonly number[];
  /** Keys, event ids and contents: what no push service may learn. */
  readonly secrets: readonly string[];
}
