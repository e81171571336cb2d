import type { Misconduct } from './relay-conduct.ts';

/** How a connection ended. */
export interface ConnectionEnd {
  readonly status: number;
  readonly error?: string;
  readonly misconduct?: Misconduct;
}
