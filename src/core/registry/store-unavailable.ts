/** The store cannot keep a change now, so nothing was changed (contract 6). It will be able to again by itself. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';

  constructor() {
    super('the store cannot keep changes');
  }
}
