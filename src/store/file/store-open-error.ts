/** A store cannot be opened. The message tells the operator what is wrong, in which file, and what to do. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
  /** Whether the cause is the configuration, so that a restart does not help. */
  readonly isConfiguration: boolean;

  constructor(message: string, { isConfiguration = false } = {}) {
    super(message);
    this.isConfiguration = isConfiguration;
  }
}
