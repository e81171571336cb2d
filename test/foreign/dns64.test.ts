import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { DnsStandIn } from '../../stand-ins/dns-stand-in.ts';
import { publicLookup } from '../../src/net/public-lookup.ts';
import { areInstalled, DebianProgram } from '../support/debian-program.ts';
import { freePort } from '../support/free-port.ts';
import { keep } from '../support/keep.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'ipv4only.arpa': ['192.0.0.170', '192.0.0.171'],
  'public.example': ['8.8.8.8'],
  'private.example': ['10.1.2.3'],
  'mixed.example': ['10.1.2.3', '8.8.8.8'],
  'forged.example': ['2a00:64:64::a01:203'],
};

/** unbound, a resolver, which makes IPv6 addresses of IPv4 ones with this prefix. @returns its address */
async function startUnbound(prefix: string): Promise<string> {
  const upstream = keep(await DnsStandIn.start(({ name }) => NAMES[name]));
  const [directory, port] = [await tempDirectory(), await freePort()];
  const file = join(directory, 'unbound.conf');
  const lines = [
    'server:',
    `  interface: 127.0.0.1@${port}`,
    `  directory: "${directory}"`,
    '  chroot: ""',
    '  username: ""',
    `  pidfile: "${directory}/pid"`,
    '  use-syslog: no',
    '  do-not-query-localhost: no',
    '  local-zone: "ipv4only.arpa." nodefault',
    '  module-config: "dns64 iterator"',
    `  dns64-prefix: ${prefix}`,
    'forward-zone:',
    '  name: "."',
    `  forward-addr: ${upstream.address.replace(':', '@')}`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await DebianProgram.start('unbound', ['-d', '-c', file], port);
  return `127.0.0.1:${port}`;
}

async function addresses(server: string, name: string): Promise<unknown> {
  const found: unknown = await promisify(publicLookup([server]))(name, { all: true }).catch(
    ({ code }: NodeJS.ErrnoException) => code,
  );
  return Array.isArray(found) ? found.map(({ address }: { address: string }) => address) : found;
}

describe.skipIf(!areInstalled('unbound'))(
  'a real resolver with DNS64 (.ci/install-proxies unpacks unbound)',
  () => {
    test.each([
      ['64:ff9b::/96', '64:ff9b::808:808'],
      ['64:ff9b:1:fffe::/96', '64:ff9b:1:fffe::808:808'],
      ['2a00:64:64::/96', '2a00:64:64::808:808'],
    ])(
      'with the prefix %s gives addresses that are judged by the IPv4 address inside',
      async (prefix, translated) => {
        const server = await startUnbound(prefix);
        expect(await addresses(server, 'public.example')).toEqual(['8.8.8.8', translated]);
        expect(await addresses(server, 'private.example')).toBe('ENOTPUBLIC');
        expect(await addresses(server, 'mixed.example')).toEqual(['8.8.8.8', translated]);
        // An address that a stranger made up, inside the prefix of the third resolver.
        expect(await addresses(server, 'forged.example')).toEqual(
          prefix.startsWith('2a00') ? 'ENOTPUBLIC' : ['2a00:64:64::a01:203'],
        );
      },
    );
  },
);
