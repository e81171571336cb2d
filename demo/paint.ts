const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Colours for a terminal, and plain text for everything else. */
export class Paint {
  readonly #colours: boolean;

  constructor(colours: boolean) {
    this.#colours = colours;
  }

  bold(text: string): string {
    return this.#wrap('bold', text);
  }

  dim(text: string): string {
    return this.#wrap('dim', text);
  }

  red(text: string): string {
    return this.#wrap('red', text);
  }

  green(text: string): string {
    return this.#wrap('green', text);
  }

  yellow(text: string): string {
    return this.#wrap('yellow', text);
  }

  cyan(text: string): string {
    return this.#wrap('cyan', text);
  }

  #wrap(style: keyof typeof CODES, text: string): string {
    return this.#colours ? `\u001B[${CODES[style]}m${text}\u001B[0m` : text;
  }
}
