import { describe, expect, test } from 'vitest';

import { parseCommandLine, USAGE } from './command-line.ts';

describe('the command line', () => {
  test.each([
    ['nothing', [], 'serve'],
    ['keygen', ['keygen'], 'keygen'],
    ['keygen --vapid', ['keygen', '--vapid'], 'keygen --vapid'],
    ['--check-config', ['--check-config'], 'check-config'],
    ['--help', ['--help'], 'help'],
    ['-h', ['-h'], 'help'],
    ['--version', ['--version'], 'version'],
    ['-v', ['-v'], 'version'],
    ['store info', ['store', 'info'], 'store info'],
    ['store verify', ['store', 'verify'], 'store verify'],
    ['store reseal', ['store', 'reseal'], 'store reseal'],
    ['store export', ['store', 'export'], 'store export'],
    ['store import with its own arguments', ['store', 'import', '--from', 'x'], 'store import'],
    ['help for store import', ['store', 'import', '--help'], 'help'],
  ])('may be %s', (_, args, command) => {
    expect(parseCommandLine(args)).toBe(command);
  });

  test.each([
    [['serve']],
    [['Keygen']],
    [['']],
    [['--unknown']],
    [['-x']],
    [['--help=yes']],
    [['--no-help']],
    [['keygen', 'keygen']],
    [['keygen', '--help']],
    [['--vapid']],
    [['doctor', '--vapid']],
    [['keygen', '--vapid', '--help']],
    [['store', 'info', '--vapid']],
    [['--help', '--version']],
    [['-hv']],
    [['--check-config', 'file']],
    [['constructor']],
    [['store']],
    [['store info']],
    [['store', 'info', 'twice']],
    [['store', 'info', '--help']],
    [['--__proto__']],
  ])('is not %j', (args) => {
    expect(parseCommandLine(args)).toBeUndefined();
  });

  test('has a help with its commands', () => {
    for (const word of [
      'keygen',
      'store info',
      'store verify',
      'store reseal',
      'store export',
      '--check-config',
      '--version, -v',
      '--help, -h',
    ])
      expect(USAGE).toContain(word);
  });
});
