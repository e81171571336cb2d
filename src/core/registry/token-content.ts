import type { Platform } from './push-target.ts';

/** The content of a sealed token: the device's system, and its token, its endpoint, or its subscription as JSON. */
export interface TokenContent {
  readonly platform: Platform;
  readonly token: string;
}

/** Why a sealed token cannot be opened. All cryptographic failures have one message, so that the answer is no oracle. */
export type SealedTokenProblem = 'Failed to decrypt token' | 'Invalid platform identifier' | 'Invalid token';

/** Opens a sealed token (contract 3). */
export type OpenToken = (sealed: Uint8Array) => TokenContent | SealedTokenProblem;
