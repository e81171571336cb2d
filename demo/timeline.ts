import type { Paint } from './paint.ts';

type Tone = 'plain' | 'wake' | 'attack' | 'bad';

interface Entry {
  readonly from: string;
  readonly to?: string;
  readonly text: string;
  /** `performance.now()` of what is told; the moment of telling by default. */
  readonly at?: number;
  readonly tone?: Tone;
}

/** Tells what happens, as it happens. */
export class Timeline {
  readonly paint: Paint;
  readonly #print: (text: string) => void;
  readonly #origin = performance.now();

  constructor(paint: Paint, print: (text: string) => void) {
    this.paint = paint;
    this.#print = print;
  }

  title(text: string): void {
    this.#print(`\n${this.paint.bold(text)}\n`);
  }

  line(text = ''): void {
    this.#print(text === '' ? '\n' : `  ${text}\n`);
  }

  /** Says what the next entries are about. */
  scene(text: string): void {
    this.#print(`\n${' '.repeat(10)}${this.paint.dim(text)}\n`);
  }

  entry({ from, to, text, at = performance.now(), tone = 'plain' }: Entry): void {
    const { paint } = this;
    const time = `${Math.round(at - this.#origin)} ms`.padStart(8);
    const who = (to === undefined ? from : `${from.padEnd(6)} -> ${to}`).padEnd(16);
    this.#print(`${paint.dim(time)}  ${paint.cyan(who)}  ${this.#toned(text, tone)}\n`);
  }

  success(text: string): void {
    this.#print(`\n${this.paint.green(this.paint.bold('PASSED'))}  ${text}\n`);
  }

  failure(text: string): void {
    this.#print(`\n${this.paint.red(this.paint.bold('FAILED'))}  ${text}\n`);
  }

  #toned(text: string, tone: Tone): string {
    if (tone === 'wake') return this.paint.green(text);
    if (tone === 'attack') return this.paint.yellow(text);
    return tone === 'bad' ? this.paint.red(text) : text;
  }
}
