import { onTestFinished } from 'vitest';

/** Keeps a thing until the test is over, and then closes it. The thing that was kept last is closed first. */
export function keep<Thing extends AsyncDisposable>(thing: Thing): Thing {
  onTestFinished(async () => thing[Symbol.asyncDispose]());
  return thing;
}
