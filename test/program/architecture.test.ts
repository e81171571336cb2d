import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ScratchSource, type Complaint } from '../support/scratch-source.ts';

const TARGETS = 'src/core/registry/push-target.ts';

/** The files of one push service, or of one form of address. They need no change for a further service. */
const OF_ONE_SERVICE: ReadonlySet<string> = new Set([
  'src/core/registry/web-push-subscription.ts',
  'src/push/fcm/fcm-provider.ts',
  'src/push/unifiedpush/unifiedpush-provider.ts',
  // The Rust server's file of UnifiedPush endpoints.
  'src/store/import/incumbent-endpoints.ts',
  // A list of the values of labels: whoever counts a further service by one does not compile.
  'src/core/telemetry/label-values.ts',
]);
/** The files that name a platform and decide nothing by it: the list of all, the Rust server's files, and the parts of an FCM message. */
const OF_ONE_PLATFORM: ReadonlySet<string> = new Set([
  TARGETS,
  'src/store/import/incumbent-endpoints.ts',
  'src/store/import/incumbent-tokens.ts',
  'src/push/fcm/fcm-message.ts',
]);

describe('a change that is made in one place only does not compile:', () => {
  const source = new ScratchSource();
  afterAll(() => source[Symbol.dispose]());
  let complaints: readonly Complaint[] = [];
  const named = (name: RegExp): string[] => source.files().filter((file) => name.test(source.read(file)));
  const complained = (word: string): Set<string> =>
    new Set(complaints.filter(({ message }) => message.includes(word)).map(({ file }) => file));

  beforeAll(async () => {
    source.replace(
      TARGETS,
      "['android', 'ios', 'web', 'webpush']",
      "['android', 'ios', 'web', 'webpush', 'tizen']",
    );
    source.replace(
      TARGETS,
      'PushTarget = FcmTarget | UnifiedPushTarget;',
      "PushTarget = FcmTarget | UnifiedPushTarget | { readonly type: 'apns'; readonly token: string };",
    );
    source.replace('src/compose/compose.ts', '    instancePubkeys: authors,\n', '');
    source.replace('src/compose/policies.ts', '    batchDelayMs: config', '    batchDelay: config');
    source.replace(
      'src/relay/live/relay-listening.ts',
      '          relay,\n          watch,\n',
      '          relay,\n',
    );
    complaints = await source.compile();
  });

  test('a third push service, in each file that distinguishes the push services', () => {
    const distinguish = named(/\bunifiedpush: |'unifiedpush'|[!=]== 'fcm'/);
    const expected = distinguish.filter((file) => !OF_ONE_SERVICE.has(file));
    expect(expected).not.toEqual([]);
    expect(expected.filter((file) => !complained('apns').has(file))).toEqual([]);
    expect([...complained('apns')]).toContain('src/core/lanes/lane-report.ts');
  });

  test('a fifth platform, in each file that distinguishes the platforms', () => {
    const distinguish = named(/\bwebpush: |'webpush'|\bios: |'ios'|\bandroid: |'android'/);
    const expected = distinguish.filter((file) => !OF_ONE_PLATFORM.has(file));
    expect(expected).not.toEqual([]);
    expect(expected.filter((file) => !complained('tizen').has(file))).toEqual([]);
  });

  test.each([
    ['src/compose/compose.ts', 'instancePubkeys'],
    ['src/relay/live/relay-listening.ts', 'watch'],
  ])('a field that a component is not given: in %s, %s', (file, field) => {
    expect(complaints).toContainEqual({
      file,
      message: expect.stringContaining(`'${field}' is missing in type`),
    });
  });

  // A spread would hide a missing field, or a field with another meaning.
  test('so every constructor gets named fields, and none gets the options of another as a spread', () => {
    const spread = /new [A-Z]\w*\(\{[^;]*?\.\.\.(?:this\.)?#?[a-z][\w.]*\s*[,}]/;
    expect(spread.test('this.#report = new Report({ ...options, clock });')).toBe(true);
    expect(named(spread)).toEqual([]);
  });

  test('a field with a wrong name', () => {
    expect(complaints).toContainEqual({
      file: 'src/compose/policies.ts',
      message: expect.stringMatching(/'batchDelay' does not exist in type/),
    });
  });
});

/** Each as a file of its own, beside the files of that folder: what the file is, and its text. */
const FORBIDDEN = {
  imports: [
    ['an adapter that imports another', 'src/relay', "export { storeFiles } from '../store/x.ts';"],
    [
      'an adapter that imports another from a folder of its own',
      'src/push/fcm',
      "export { x } from '../../relay/x.ts';",
    ],
    [
      'an adapter that imports another by a detour through itself',
      'src/relay',
      "export { x } from './../store/x.ts';",
    ],
    [
      'an adapter that imports another by a detour through core/',
      'src/relay',
      "export { x } from '../core/../store/x.ts';",
    ],
    [
      'an adapter that imports another by a detour through the root',
      'src/ops',
      "export { x } from '../../src/http/x.ts';",
    ],
    ['an adapter that imports the type of another', 'src/crypto', "export type { X } from '../store/x.ts';"],
    [
      'an adapter that imports another at run time',
      'src/http',
      "export const x = await import('../store/x.ts');",
    ],
    [
      'fleet/engine/ that imports another folder of fleet/',
      'src/fleet/engine',
      "export { x } from '../replica/x.ts';",
    ],
    ['fleet/ that imports the store', 'src/fleet', "export { x } from '../store/x.ts';"],
    ['an adapter that imports the composition', 'src/relay', "export { x } from '../compose/lanes.ts';"],
    ['an adapter that imports the program', 'src/http', "export { x } from '../app.ts';"],
    ['core/ that imports an adapter', 'src/core/lanes', "export { x } from '../../push/x.ts';"],
    ['core/ that imports a package', 'src/core/nostr', "export { x } from 'nostr-tools';"],
    ['core/ that imports a Node module', 'src/core/basics', "export { x } from 'node:fs';"],
    ['watch/ that imports the intake', 'src/core/watch', "export { x } from '../intake/x.ts';"],
    ['the intake that imports watch/', 'src/core/intake', "export { x } from '../watch/x.ts';"],
    ['waking/ that imports the intake', 'src/core/waking', "export { x } from '../intake/x.ts';"],
    ['lanes/ that import waking/', 'src/core/lanes', "export { x } from '../waking/x.ts';"],
    ['nostr/ that imports the lanes', 'src/core/nostr', "export { x } from '../lanes/x.ts';"],
    ['the registry that imports the lanes', 'src/core/registry', "export { x } from '../lanes/x.ts';"],
    ['telemetry/ that imports the registry', 'src/core/telemetry', "export { x } from '../registry/x.ts';"],
    ['basics/ that import telemetry/', 'src/core/basics', "export { x } from '../telemetry/x.ts';"],
    ['lib/ that imports core/', 'src/lib', "export { x } from '../core/basics/x.ts';"],
    ['the configuration that imports an adapter', 'src/config', "export { x } from '../relay/x.ts';"],
    ['the composition that imports a command', 'src/compose', "export { x } from '../cli/x.ts';"],
    ['the composition that imports the process', 'src/compose', "export { env } from 'node:process';"],
    ['a command that imports the process', 'src/cli', "export { env } from 'node:process';"],
  ],
  globals: [
    ['the composition that reads the process', 'src/compose', 'export const x = process.cwd();'],
    ['an adapter that reads the process', 'src/store', 'export const x = process.pid;'],
    ['core/ that waits by itself', 'src/core/lanes', 'export const x = setTimeout(() => undefined, 1);'],
  ],
  properties: [
    [
      'the composition that reads the process by a detour',
      'src/compose',
      'export const x = globalThis.process.pid;',
    ],
  ],
} as const satisfies Record<string, readonly (readonly [string, string, string])[]>;

const RULES = {
  imports: 'no-restricted-imports',
  globals: 'no-restricted-globals',
  properties: 'no-restricted-properties',
};

const PLANTED = Object.entries(FORBIDDEN).flatMap(([kind, cases], row) =>
  cases.map(([name, folder, text], at) => {
    const rule = RULES[kind as keyof typeof RULES];
    return [name, { file: `${folder}/planted-${row}-${at}.ts`, text, rule }] as const;
  }),
);

function halfOfCircle(name: string, other: string): string {
  return `import type { ${other} } from './planted-${other}.ts';\nexport interface ${name} { x: ${other} }\n`;
}

describe('the linter refuses', () => {
  const source = new ScratchSource();
  afterAll(() => source[Symbol.dispose]());
  let complaints: readonly Complaint[] = [];

  beforeAll(async () => {
    for (const [, { file, text }] of PLANTED) source.write(file, `${text}\n`);
    source.write('src/core/basics/planted-A.ts', halfOfCircle('A', 'B'));
    source.write('src/core/basics/planted-B.ts', halfOfCircle('B', 'A'));
    complaints = await source.lint();
  });

  test.each(PLANTED)('%s', (_, { file, rule }) => {
    expect(complaints).toContainEqual({ file, message: expect.stringContaining(rule) });
  });

  test('a circle of imports of types', () => {
    expect(complaints).toContainEqual({
      file: 'src/core/basics/planted-A.ts',
      message: expect.stringContaining('no-cycle'),
    });
  });

  test('nothing else: the source as it is has none of these', () => {
    expect(complaints.filter(({ file }) => !file.includes('planted'))).toEqual([]);
  });
});
