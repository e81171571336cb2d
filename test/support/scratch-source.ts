import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A complaint of the compiler or the linter. */
export interface Complaint {
  /** From the root of the project. */
  readonly file: string;
  /** The compiler's message, or the linter's with the name of its rule. */
  readonly message: string;
}

/** A copy of the program's source without its tests, to be broken and then compiled or linted. */
export class ScratchSource implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'mostro-push-source-'));

  constructor() {
    cpSync(join(ROOT, 'src'), join(this.#directory, 'src'), {
      recursive: true,
      filter: (path) => !path.endsWith('.test.ts'),
    });
    symlinkSync(join(ROOT, 'node_modules'), join(this.#directory, 'node_modules'));
    this.#copySettings('tsconfig.json', { include: ['src'] });
    // Without types the linter takes half a second, and no rule about imports needs them.
    this.#copySettings('.oxlintrc.json', { options: { typeAware: false } });
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }

  /** Every file, by its path from the root of the project. */
  files(): string[] {
    const all = readdirSync(join(this.#directory, 'src'), { recursive: true, encoding: 'utf8' });
    return all.filter((file) => file.endsWith('.ts')).map((file) => `src/${file}`);
  }

  read(file: string): string {
    return readFileSync(join(this.#directory, file), 'utf8');
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.#directory, file)), { recursive: true });
    writeFileSync(join(this.#directory, file), text);
  }

  /** Replaces a text that the file has once. */
  replace(file: string, text: string, by: string): void {
    const parts = this.read(file).split(text);
    if (parts.length !== 2) throw new Error(`${file} has this ${parts.length - 1} times: ${text}`);
    this.write(file, parts.join(by));
  }

  async compile(): Promise<Complaint[]> {
    const output = await this.#run('tsc', ['--pretty', 'false']);
    return [...output.matchAll(/^(src\/[^(]+)\(\d+,\d+\): error (.*(?:\n .*)*)/gm)].map(
      ([, file = '', message = '']) => ({ file, message }),
    );
  }

  async lint(): Promise<Complaint[]> {
    const output = await this.#run('oxlint', ['-f', 'json', 'src']);
    const { diagnostics } = JSON.parse(output) as {
      diagnostics: readonly { filename: string; code: string; message: string }[];
    };
    return diagnostics.map(({ code, filename, message }) => ({
      file: filename,
      message: `${code}: ${message}`,
    }));
  }

  /** A tool that finds something to complain about exits with another code than 0: what counts is what it says. */
  async #run(tool: string, args: readonly string[]): Promise<string> {
    const path = join(ROOT, 'node_modules', '.bin', tool);
    return new Promise((resolve) => {
      execFile(path, args, { cwd: this.#directory, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout));
    });
  }

  #copySettings(file: string, changes: Readonly<Record<string, unknown>>): void {
    const settings = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Record<string, unknown>;
    this.write(file, JSON.stringify({ ...settings, ...changes }));
  }
}
