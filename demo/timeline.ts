const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Colours a text for a terminal. For other outputs it returns the text unchanged. */
type Paint = (style: keyof typeof CODES, text: string) => string;

type Tone = 'plain' | 'wake' | 'attack' | 'bad';

interface Entry {
  readonly from: string;
  readonly to?: string;
  readonly text: string;
  /** The time of what is told (`performance.now()`), by default now. */
  readonly at?: number;
  readonly tone?: Tone;
}

interface TimelineOptions {
  /** Whether it may use colours. */
  readonly colours: boolean;
  readonly print: (text: string) => void;
}

/** Tells what happens, as it happens. */
export class Timeline {
  readonly paint: Paint;
  readonly #print: (text: string) => void;
  readonly #origin = performance.now();

  constructor({ colours, print }: TimelineOptions) {
    this.paint = paintFor(colours);
    this.#print = print;
  }

  title(text: string): void {
    this.#print(`\n${this.paint('bold', text)}\n`);
  }

  line(text = ''): void {
    this.#print(text === '' ? '\n' : `  ${text}\n`);
  }

  /** Prints what the next entries are about. */
  section(text: string): void {
    this.#print(`\n${' '.repeat(10)}${this.paint('dim', text)}\n`);
  }

  entry({ from, to, text, at = performance.now(), tone = 'plain' }: Entry): void {
    const { paint } = this;
    const time = `${Math.round(at - this.#origin)} ms`.padStart(8);
    const who = (to === undefined ? from : `${from.padEnd(6)} -> ${to}`).padEnd(16);
    this.#print(`${paint('dim', time)}  ${paint('cyan', who)}  ${this.#toned(text, tone)}\n`);
  }

  success(text: string): void {
    this.#print(`\n${this.paint('green', this.paint('bold', 'PASSED'))}  ${text}\n`);
  }

  failure(text: string): void {
    this.#print(`\n${this.paint('red', this.paint('bold', 'FAILED'))}  ${text}\n`);
  }

  #toned(text: string, tone: Tone): string {
    if (tone === 'wake') return this.paint('green', text);
    if (tone === 'attack') return this.paint('yellow', text);
    return tone === 'bad' ? this.paint('red', text) : text;
  }
}

function paintFor(colours: boolean): Paint {
  return (style, text) => (colours ? `\u001B[${CODES[style]}m${text}\u001B[0m` : text);
}
