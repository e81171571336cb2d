import type { Platform } from './push-target.ts';

/** What a client seals: which system its device runs, and the token (or endpoint, or subscription as JSON) that reaches it. */
export interface TokenContent {
  readonly platform: Platform;
  readonly token: string;
}

/** Why a sealed token cannot be opened. All cryptographic failures are one, so that the answer is no oracle. */
export type SealedTokenProblem = 'Failed to decrypt token' | 'Invalid platform identifier' | 'Invalid token';

/** Opens a sealed token (contract 3). */
export type OpenToken = (sealed: Uint8Array) => TokenContent | SealedTokenProblem;
