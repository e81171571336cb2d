import { parseArgs } from 'node:util';

import type { StoreCommand } from './store-command.ts';

export type Command =
  | 'serve'
  | 'keygen'
  | 'keygen --vapid'
  | 'check-config'
  | 'doctor'
  | 'trace'
  | 'healthcheck'
  | 'help'
  | 'version'
  | 'store import'
  | 'store copy'
  | StoreCommand;

const STORE_COMMANDS: readonly StoreCommand[] = [
  'store info',
  'store verify',
  'store reseal',
  'store export',
];

export const USAGE = `mostro-push: wakes sleeping phones for Mostro trades

Usage: mostro-push [command]

  (no command)      serve, with the configuration of the environment and of .env in this directory
  keygen            print a new server key, as lines for .env
  keygen --vapid    print the Web Push key that is derived from the server's key (SERVER_PRIVATE_KEY_PREVIOUS, if it is set),
                    as a line for .env: with it, Web Push subscriptions outlive a change of the server's key
  store info        print how much the store holds; names no device and no key
  store verify      read the whole store: 0 if it is intact, 1 if not
  store reseal      seal the store again, with the server's present key; stop the server first
  store export      print every registration unencrypted, one JSON object a line: keep it secret
  store import --from <tokens.db>
                    take over the registrations of the Rust server's database; needs its TOKEN_STORE_KEY, STORE=file, and
                    Node 22.13 or newer; stop this server first
  store copy --to redis|file [--merge] [--dry-run]
                    copy the store of STORE=file into the engine of REDIS_URL, or back; --merge adds to what is there;
                    stop the server of STORE=file first
  --check-config    check the configuration and its files, and try what a start does with them: 0 if a start would succeed,
                    otherwise the code with which it would end (78 for the configuration)
  doctor            try everything that the server depends on, and say what to do: 0 if wakes get through,
                    1 if something costs wakes, 78 if the configuration is not usable
  trace <trade_pubkey> [--follow]
                    print what the running server has seen of one key; turns its trace on for 15 minutes
  healthcheck       0 if the server on this machine answers, 1 if not
  --version, -v     print the version, and the commit from which it was built
  --help, -h        print this

Every variable is explained in .env.example and in docs/configuration.md.
`;

/**
 * Reads the arguments that follow the program's name.
 *
 * @returns the command, or `undefined` if the arguments are not one
 */
export function parseCommandLine(args: readonly string[]): Command | undefined {
  // `trace`, `store import` and `store copy` read their own arguments.
  if (args[0] === 'trace') return args.includes('--help') ? 'help' : 'trace';
  if (args[0] === 'store' && (args[1] === 'import' || args[1] === 'copy'))
    return args.includes('--help') ? 'help' : `store ${args[1]}`;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        'check-config': { type: 'boolean' },
        vapid: { type: 'boolean' },
      },
    });
    const { vapid, ...others } = values;
    const flags = Object.keys(others) as ('help' | 'version' | 'check-config')[];
    const store = STORE_COMMANDS.find((command) => command === positionals.join(' '));
    if (store !== undefined && positionals.length === 2 && Object.keys(values).length === 0) return store;
    if (flags.length + positionals.length > 1) return undefined;
    const [word] = positionals;
    if (vapid === true) return word === 'keygen' ? 'keygen --vapid' : undefined;
    if (word === 'keygen' || word === 'doctor' || word === 'healthcheck') return word;
    return positionals.length === 0 ? (flags[0] ?? 'serve') : undefined;
  } catch {
    return undefined; // parseArgs throws for an unknown option.
  }
}
