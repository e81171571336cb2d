/** Somebody wants the demo to end: Ctrl-C, mostly. */
export class Interruption extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}. Everything is closed, nothing is left behind.`);
    this.signal = signal;
  }
}
