import { ConfigError } from '../config/config.ts';
import { describeError } from '../core/basics/describe-error.ts';
import { CurveFault } from '../crypto/curve.ts';
import { EngineRefused } from '../fleet/engine/engine-errors.ts';
import { ListenError } from '../ops/listen.ts';
import { StoreOpenError } from '../store/file/store-open-error.ts';

/** The exit code if the configuration can mend the failure (EX_CONFIG). */
export const REFUSED = 78;

interface ExplainedFailure {
  /** The exit code: {@link REFUSED}, or 1. */
  readonly code: number;
  /** For standard error. */
  readonly message: string;
  /** For a line of the log. */
  readonly fields: { readonly message: string } | { readonly error: string };
}

/** Errors whose messages are for the operator. The message of any other error can quote a secret, so only the error's kind is printed. */
const EXPLAINED = [ConfigError, CurveFault, EngineRefused, ListenError, StoreOpenError];

/** The messages and the exit code for an error that ended the server or a command. */
export function explainFailure(error: unknown): ExplainedFailure {
  const isConfig =
    error instanceof ConfigError ||
    error instanceof EngineRefused ||
    (error instanceof StoreOpenError && error.isConfiguration);
  const code = isConfig ? REFUSED : 1;
  const explained = EXPLAINED.find((kind) => error instanceof kind);
  if (explained !== undefined) {
    const { message } = error as Error;
    return { code, message, fields: { message } };
  }
  const described = describeError(error);
  return { code, message: `mostro-push failed: ${described}`, fields: { error: described } };
}
