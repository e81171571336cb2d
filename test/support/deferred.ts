/** A promise that the test resolves. */
export interface Deferred {
  readonly promise: Promise<undefined>;
  readonly resolve: () => void;
}

export function deferred(): Deferred {
  let finish: ((value: undefined) => void) | undefined;
  const promise = new Promise<undefined>((resolve) => (finish = resolve));
  return { promise, resolve: () => finish?.(undefined) };
}
