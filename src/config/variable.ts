import { z } from 'zod';

/** One environment variable: what it means and how its text is read. */
export interface Variable<Value, Default extends string | undefined = string | undefined> {
  readonly help: string;
  readonly schema: z.ZodType<Value, string>;
  /** The text that an unset or empty variable counts as; `undefined` if being unset has a meaning of its own. */
  readonly default: Default;
  /** The value must appear in no message. */
  readonly secret: boolean;
  /** An empty text is a value of its own. Without this a variable that is empty counts as unset. */
  readonly takesEmpty?: true;
}

export function variable<Value>(
  help: string,
  schema: z.ZodType<Value, string>,
  fallback: string,
): Variable<Value, string> {
  return { help, schema, default: fallback, secret: false };
}

export function optional<Value>(
  help: string,
  schema: z.ZodType<Value, string>,
  { secret = false } = {},
): Variable<Value, undefined> {
  return { help, schema, default: undefined, secret };
}

/** A whole number within bounds. */
export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  const message = `expected a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}

const DECIMAL = /^\d{1,9}(?:\.\d{1,9})?$/;

/** A number of seconds, hours or days, which may have a fraction. */
export function positiveNumber(max: number): z.ZodType<number, string> {
  const message = `expected a number above 0, at most ${max}`;
  return z
    .string()
    .regex(DECIMAL, message)
    .transform(Number)
    .refine((value) => value > 0 && value <= max, message);
}

/** A number within bounds that may have a fraction. */
export function numberBetween(min: number, max: number): z.ZodType<number, string> {
  const message = `expected a number from ${min} to ${max}`;
  return z
    .string()
    .regex(DECIMAL, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}

/** A number of seconds, hours or days that may be 0 and may have a fraction. */
export function numberFromZero(max: number): z.ZodType<number, string> {
  return numberBetween(0, max);
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

export const onOff: z.ZodType<boolean, string> = z.string().transform((text, context) => {
  const value = SWITCH.get(text.toLowerCase());
  if (value === undefined) context.addIssue({ code: 'custom', message: 'expected true or false' });
  return value ?? z.NEVER;
});

export const text: z.ZodType<string, string> = z.string();

/** A text that `parse` reads. If `parse` returns `undefined`, the problem names what is expected. */
export function read<Value>(
  expected: string,
  parse: (written: string) => Value | undefined,
): z.ZodType<Value, string> {
  return z.string().transform((written, context) => {
    const value = parse(written);
    if (value === undefined) context.addIssue({ code: 'custom', message: `expected ${expected}` });
    return value ?? z.NEVER;
  });
}

/** The path of a file or directory. A text that looks like the content of a key file is refused, since messages quote paths. */
export const path: z.ZodType<string, string> = z
  .string()
  .refine(
    (written) => !/^[{[]|[\n\r\0]|-----BEGIN|^[0-9a-fA-F]{64}$/.test(written),
    'expected a path, not the content of a file',
  );

/** One of a few words, in any case. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  ...words: Words
): z.ZodType<Words[number], string> {
  return z
    .string()
    .toLowerCase()
    .pipe(z.enum(words, `expected ${words.join(' or ')}`));
}

/** A comma-separated list. `parse` reads each member. Duplicates count once. */
export function list<Member>(
  expected: string,
  parse: (member: string) => Member | undefined,
): z.ZodType<readonly Member[], string> {
  return z.string().transform((joined, context) => {
    const members = joined.split(',').map((member) => member.trim());
    const parsed = members.filter((member) => member !== '').map(parse);
    if (parsed.length === 0 || parsed.includes(undefined)) {
      context.addIssue({ code: 'custom', message: `expected ${expected}` });
      return z.NEVER;
    }
    return [...new Set(parsed as Member[])];
  });
}

/** Reads an absolute `https://` or `http://` URL without credentials. @returns the URL as written, without a trailing slash */
export function parseHttpUrl(written: string): string | undefined {
  if (!URL.canParse(written)) return undefined;
  const { protocol, username, password, hash } = new URL(written);
  const plain = username === '' && password === '' && hash === '';
  return plain && ['https:', 'http:'].includes(protocol) ? written.replace(/\/$/, '') : undefined;
}

export const httpUrl: z.ZodType<string, string> = read('an https:// (or http://) URL', parseHttpUrl);

/** A port. 0 takes a free one. */
export const port: z.ZodType<number, string> = wholeNumber(0, 65_535);
