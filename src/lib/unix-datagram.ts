import { endianness } from 'node:os';

import type koffi from 'koffi';

/** Sends one datagram to a UNIX socket, without waiting. @returns false if it was not taken */
export type SendDatagram = (path: string, text: string) => boolean;

/** From sys/socket.h of Linux. */
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2_000_000;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
/** `sun_path` of sockaddr_un. */
const PATH_BYTES = 108;

/**
 * Node has no UNIX sockets for datagrams, so the C library of the process is called.
 *
 * @returns `undefined` where koffi, an optional dependency, has no build
 */
export async function unixDatagrams(): Promise<SendDatagram | undefined> {
  return import('koffi').then(({ default: koffi }) => bind(koffi)).catch(() => undefined);
}

function bind(ffi: typeof koffi): SendDatagram {
  const library = ffi.load(null);
  const socket = library.func('int socket(int, int, int)') as (...args: number[]) => number;
  const close = library.func('int close(int)') as (descriptor: number) => number;
  const sendTo = library.func('long sendto(int, const void *, size_t, int, const void *, unsigned int)') as (
    ...args: (number | Buffer)[]
  ) => number;
  return (path, text) => {
    const address = socketAddress(path);
    if (address === undefined) return false;
    const descriptor = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (descriptor < 0) return false;
    const bytes = Buffer.from(text);
    const sent = sendTo(descriptor, bytes, bytes.length, MSG_DONTWAIT_NOSIGNAL, address, address.length);
    close(descriptor);
    return sent === bytes.length;
  };
}

/** A sockaddr_un. `@` begins the name of a socket that is not in the file system; in the address a zero byte takes its place. */
function socketAddress(path: string): Buffer | undefined {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length >= PATH_BYTES) return undefined;
  const isAbstract = path.startsWith('@');
  const family = Buffer.alloc(2);
  if (endianness() === 'LE') family.writeUInt16LE(AF_UNIX);
  else family.writeUInt16BE(AF_UNIX);
  if (isAbstract) name[0] = 0;
  return Buffer.concat(isAbstract ? [family, name] : [family, name, Buffer.alloc(1)]);
}
