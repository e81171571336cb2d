/** The port of a socket that must never be reached, on 127.0.0.1 and, if the machine has it, on ::1. */
export interface Inside {
  readonly port: number;
}

/** Loopback in every spelling that a URL allows. Without a guard, each reaches the socket. */
export function loopbackEndpoints({ port }: Inside): string[] {
  const hosts = [
    '127.0.0.1',
    'localhost',
    'LOCALHOST',
    '127.1',
    '127.0.1',
    '2130706433',
    '017700000001',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '0177.0.0.01',
    '0x7F.0x0.0x0.0x1',
    '127.0.0.1.',
    '１２７.0.0.1',
    '127。0。0。1',
    '①②⑦.0.0.1',
    '%31%32%37.0.0.1',
    '0.0.0.0',
    '0',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
  ];
  return hosts.map((host, n) => `https://${host}:${port}/up${n}`);
}

/** Addresses and names that can be refused without a DNS lookup. */
export function privateEndpoints({ port }: Inside): string[] {
  const hosts = [
    '127.0.0.2',
    '127.255.255.254',
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '192.168.1.1',
    '3232235777',
    '0xc0a80101',
    '0300.0250.1.1',
    '169.254.0.1',
    '169.254.169.254',
    '2852039166',
    '0xA9FEA9FE',
    '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]',
    '100.64.0.1',
    '100.100.100.200',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:8.8.8.8]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b::a00:1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::1]',
    '[2002:a00:1::]',
    '[2001:0:7f00:1::]',
    '[2001:db8::1]',
    '[100::1]',
    '[3fff::1]',
    '[5f00::1]',
    '[fc00::1]',
    '[fd12:3456:789a::1]',
    '[fe80::1]',
    '[fe80::1%25eth0]',
    '[fec0::1]',
    '[ff02::1]',
    'localhost.',
    'push.localhost',
    'localhost.localdomain',
    'printer.local',
    'metadata.google.internal',
    'nas.home.arpa',
    'router',
    'kubernetes',
  ];
  return hosts.map((host, n) => `https://${host}:${port}/up${n}`);
}

/** These have another mistake beside the address. */
export function malformedEndpoints({ port }: Inside): string[] {
  return [
    `http://push.example:${port}/up`,
    `http://127.0.0.1:${port}/up`,
    `https://push.example@127.0.0.1:${port}/up`,
    `https://127.0.0.1@push.example/up`,
    `https://user:password@push.example/up`,
    `https://push.example/up#@127.0.0.1:${port}`,
    `https:/\\127.0.0.1:${port}/up`,
    `https:127.0.0.1:${port}/up`,
    `https:///127.0.0.1:${port}/up`,
    `https://127.0.0.1:${port}\\@push.example/up`,
    'https://push.example:22/up',
    'https://push.example:25/up',
    'https://push.example:80/up',
    'https://push.example:6667/up',
    'https://push.example:0/up',
    'https://push.example:65536/up',
    `wss://127.0.0.1:${port}/up`,
    `ftp://127.0.0.1:${port}/up`,
    'file:///etc/passwd',
    `gopher://127.0.0.1:${port}/_up`,
    `https://[::1/up`,
    `https://127.0.0.1:${port}/a b`,
    `https://127.0.0.1\t:${port}/up`,
    `https://push.example/\r\nHost: 127.0.0.1`,
    `https://push.example/${'x'.repeat(1000)}`,
  ];
}

/** Names that look public, and the addresses that their name server gives. */
export const HOSTILE_NAMES: Readonly<Record<string, readonly string[]>> = {
  'loopback.example': ['127.0.0.1'],
  'loopback-v6.example': ['::1'],
  'unspecified.example': ['0.0.0.0', '::'],
  'private.example': ['10.1.2.3'],
  'home.example': ['192.168.1.1'],
  'metadata.example': ['169.254.169.254'],
  'shared.example': ['100.64.0.1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'nat64.example': ['64:ff9b::7f00:1'],
  'sixtofour.example': ['2002:7f00:1::'],
  'unique-local.example': ['fd00::1'],
  'link-local.example': ['fe80::1'],
  'both-families.example': ['127.0.0.1', '::1'],
};

/** Names with usable addresses beside others. */
export const MIXED_NAMES: Readonly<Record<string, readonly string[]>> = {
  'public-and-private.example': ['93.184.216.34', '127.0.0.1'],
  'private-and-public.example': ['127.0.0.1', '93.184.216.34'],
  'public-v4-private-v6.example': ['93.184.216.34', '::1'],
  'private-v4-public-v6.example': ['127.0.0.1', '2606:4700:4700::1111'],
};
