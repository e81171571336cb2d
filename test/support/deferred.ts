/** A promise, with the functions that resolve and reject it. */
export interface Deferred {
  readonly promise: Promise<undefined>;
  readonly resolve: () => void;
}

export function deferred(): Deferred {
  let settle: ((value: undefined) => void) | undefined;
  const promise = new Promise<undefined>((resolve) => (settle = resolve));
  return { promise, resolve: () => settle?.(undefined) };
}
