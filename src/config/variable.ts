import { isIP } from 'node:net';

import { z } from 'zod';

import { troubleIn, unwrap } from './written-text.ts';

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
  /** The name in small letters is understood too, and wins, as in other programs. */
  readonly takesLowerCase?: true;
}

/** Which characters a value may have. @see troubleIn */
type Form = 'plain' | 'list' | 'path' | 'prose';

/** A schema for texts that may have other characters than those of ASCII without white space. */
function formed<Value>(form: Form, schema: z.ZodType<Value, string>): z.ZodType<Value, string> {
  return schema.meta({ form });
}

/** The trouble with the characters of a variable's text; `undefined` if there is none. */
export function characterTrouble({ schema }: Variable<unknown>, written: string): string | undefined {
  const form = (schema.meta()?.['form'] ?? 'plain') as Form;
  return form === 'prose' ? undefined : troubleIn(written, form);
}

/** The text that a variable has in the environment. */
export function textIn(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
  { takesLowerCase }: Pick<Variable<unknown>, 'takesLowerCase'>,
): string | undefined {
  const lower = takesLowerCase === true ? unwrap(environment[name.toLowerCase()] ?? '') : '';
  const upper = environment[name];
  return lower !== '' || upper === undefined ? lower || undefined : unwrap(upper);
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
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

export const onOff: z.ZodType<boolean, string> = z.string().transform((text, context) => {
  const value = SWITCH.get(text.toLowerCase());
  if (value === undefined) context.addIssue({ code: 'custom', message: 'expected true or false' });
  return value ?? z.NEVER;
});

export const text: z.ZodType<string, string> = z.string();

/** A text for people, or for another parser: any characters. */
export function prose<Value>(schema: z.ZodType<Value, string>): z.ZodType<Value, string> {
  return formed('prose', schema);
}

/**
 * A text that `parse` reads. If `parse` returns `undefined`, the problem names what is expected, and what `why` finds. The text may be a
 * secret, so `why` quotes nothing of it.
 */
export function read<Value>(
  expected: string,
  parse: (written: string) => Value | undefined,
  why: (written: string) => string | undefined = () => undefined,
): z.ZodType<Value, string> {
  return z.string().transform((written, context) => {
    const value = parse(written);
    if (value === undefined) context.addIssue({ code: 'custom', message: problem(expected, why(written)) });
    return value ?? z.NEVER;
  });
}

function problem(expected: string, reason: string | undefined): string {
  return reason === undefined ? `expected ${expected}` : `expected ${expected}; ${reason}`;
}

/** The path of a file or directory. A text that looks like the content of a key file is refused, since messages quote paths. */
export const path: z.ZodType<string, string> = formed(
  'path',
  z.string().transform((written, context) => {
    const found = NO_PATHS.find(([pattern]) => pattern.test(written));
    if (found === undefined) return written;
    context.addIssue({ code: 'custom', message: `expected a path, ${found[1]}` });
    return z.NEVER;
  }),
);

/** Texts that are no paths, and why. */
const NO_PATHS: readonly (readonly [RegExp, string])[] = [
  [/^[{[]|[\n\r\0]|-----BEGIN|^[0-9a-fA-F]{64}$/, 'not the content of a file'],
  [/^~/, 'and only a shell replaces ~ by a home directory: write the whole path'],
  [/\$(?:\{|\(|[A-Za-z_])/, 'and only a shell replaces what follows a $: write the whole path'],
  [/^[A-Za-z][A-Za-z\d+.-]+:\/\//, 'not a URL'],
];

/** One of a few words, in any case. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  ...words: Words
): z.ZodType<Words[number], string> {
  return z
    .string()
    .toLowerCase()
    .pipe(z.enum(words, `expected ${words.join(' or ')}`));
}

/**
 * A list, separated by commas or white space. `parse` reads each member, without quotation marks around it. Duplicates count once.
 *
 * @param why says what is wrong with a member that `parse` does not take, and quotes nothing of it
 */
export function list<Member>(
  expected: string,
  parse: (member: string) => Member | undefined,
  why: (member: string) => string | undefined = () => undefined,
): z.ZodType<readonly Member[], string> {
  const schema = z.string().transform((joined, context) => {
    const members = membersOf(joined);
    const parsed = members.map(parse);
    if (parsed.length > 0 && !parsed.includes(undefined)) return [...new Set(parsed as Member[])];
    const at = parsed.indexOf(undefined);
    const reason = why(members[at] ?? '');
    const place = members.length > 1 ? `number ${at + 1} of them: ` : '';
    context.addIssue({ code: 'custom', message: problem(expected, reason && `${place}${reason}`) });
    return z.NEVER;
  });
  return inList(schema);
}

/** The members of a list that people write with commas, spaces, or one to a line. */
export function membersOf(joined: string): string[] {
  return joined
    .split(/[\s,]+/)
    .map(unwrap)
    .filter((member) => member !== '');
}

/** A schema for lists: white space may be in the text. */
export function inList<Value>(schema: z.ZodType<Value, string>): z.ZodType<Value, string> {
  return formed('list', schema);
}

/** Why a text is no URL of one of these schemes, if that can be told. */
export function urlTrouble(written: string, ...schemes: readonly string[]): string | undefined {
  if ((written.match(/:\/\//g) ?? []).length > 1) return 'two URLs are joined in one: :// is in it twice';
  if (/\s/.test(written)) return 'white space is in it';
  const scheme = /^([a-z][a-z\d+.-]*):\/\/[^/\\]/i.exec(written)?.[1]?.toLowerCase();
  if (scheme === undefined) return `it does not begin with ${schemes[0]}:// and a host`;
  return schemes.includes(scheme) ? undefined : `it begins with ${scheme}://`;
}

/** Reads an absolute `https://` or `http://` URL without credentials. @returns the URL as written, without a trailing slash */
export function parseHttpUrl(written: string): string | undefined {
  if (httpTrouble(written) !== undefined || !URL.canParse(written)) return undefined;
  const { username, password, hash } = new URL(written);
  const plain = username === '' && password === '' && hash === '';
  return plain ? written.replace(/\/$/, '') : undefined;
}

export const httpTrouble = (written: string): string | undefined => urlTrouble(written, 'https', 'http');

export const httpUrl: z.ZodType<string, string> = read(
  'an https:// (or http://) URL',
  parseHttpUrl,
  httpTrouble,
);

/** A port. 0 takes a free one. */
export const port: z.ZodType<number, string> = wholeNumber(0, 65_535);

/** The address or name that a listener takes. @returns the address without brackets */
function parseListenHost(written: string): string | undefined {
  const address = written.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address.replace(/%.*$/, '')) !== 0) return address;
  return /^(?!-)[a-z\d_-]{1,63}(?:\.[a-z\d_-]{1,63})*\.?$/i.test(written) && !/^[\d.]+$/.test(written)
    ? written
    : undefined;
}

export const listenHost: z.ZodType<string, string> = read(
  'an address of this machine or its name, without a scheme and a port',
  parseListenHost,
);
