import { onTestFinished } from 'vitest';

/** Keeps a thing until the test is over, then closes it: what was kept last is closed first. */
export function keep<Thing extends AsyncDisposable>(thing: Thing): Thing {
  onTestFinished(async () => thing[Symbol.asyncDispose]());
  return thing;
}
