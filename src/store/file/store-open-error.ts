/** A store that cannot be opened, with the sentence that an operator needs: what is wrong, in which file, and the way out. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
  /** Whether the configuration is to blame, so that starting again changes nothing. */
  readonly isConfiguration: boolean;

  constructor(message: string, { isConfiguration = false } = {}) {
    super(message);
    this.isConfiguration = isConfiguration;
  }
}
