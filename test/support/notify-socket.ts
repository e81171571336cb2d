import koffi from 'koffi';

import { keep } from './keep.ts';
import { tempDirectory } from './temp-directory.ts';

const library = koffi.load(null);
const socket = library.func('int socket(int, int, int)') as (...args: number[]) => number;
const bind = library.func('int bind(int, const void *, unsigned int)') as (
  ...args: (number | Buffer)[]
) => number;
const receive = library.func('long recv(int, void *, size_t, int)') as (
  ...args: (number | Buffer)[]
) => number;
const close = library.func('int close(int)') as (descriptor: number) => number;

const [AF_UNIX, SOCK_DGRAM, MSG_DONTWAIT] = [1, 2, 0x40];

export interface NotifySocket {
  /** For `NOTIFY_SOCKET`. */
  readonly path: string;
  /** The lines of every message so far. */
  readonly lines: () => readonly string[];
}

/** systemd's end of the socket for sd_notify(3). @param name of an abstract socket, which begins with `@`; without it a socket in a directory. @param isReading whether messages are read as they come */
export async function notifySocket(name?: string, isReading = true): Promise<NotifySocket> {
  const path = name ?? `${await tempDirectory()}/notify`;
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path.replace(/^@/, '\0'))]);
  const descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (bind(descriptor, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  const messages: string[] = [];
  const buffer = Buffer.alloc(4096);
  const read = (): void => {
    for (;;) {
      const length = receive(descriptor, buffer, buffer.length, MSG_DONTWAIT);
      if (length < 0) return;
      messages.push(...buffer.toString('utf8', 0, length).split('\n'));
    }
  };
  // The kernel keeps ten messages that are not read.
  const reading = isReading ? setInterval(read, 10) : undefined;
  keep({
    [Symbol.asyncDispose]: () => {
      clearInterval(reading);
      close(descriptor);
      return Promise.resolve();
    },
  });
  return {
    path,
    lines: () => {
      read();
      return messages;
    },
  };
}
