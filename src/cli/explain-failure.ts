import { ConfigError } from '../config/config.ts';
import { describeError } from '../core/describe-error.ts';
import { StoreOpenError } from '../store/store-open-error.ts';

/** What to print, and the exit code, when a command has failed. */
export function explainFailure(error: unknown): { code: number; message: string } {
  const isConfig = error instanceof ConfigError || (error instanceof StoreOpenError && error.isConfiguration);
  const isExplained = isConfig || error instanceof StoreOpenError;
  return {
    code: isConfig ? 78 : 1,
    message: isExplained ? error.message : `mostro-push failed: ${describeError(error)}`,
  };
}
