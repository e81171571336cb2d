import type { Socket } from 'node:net';

import { buildConnector } from 'undici';

/**
 * The most that a push server may send for one request. undici bounds the headers and the provider bounds the body. This bounds the rest:
 * an endless status line, interim answers, chunk extensions.
 */
const MAX_BYTES_PER_ANSWER = 64 * 1024;

/** Connects as undici does, and closes the connection of a server that sends too much. */
export function cappedConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) =>
    connect(target, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      cap(socket);
      callback(null, socket);
    });
}

function cap(socket: Socket): void {
  let [written, read, counted] = [-1, socket.bytesRead, 0];
  // `readable` and not `data`: a `data` listener would take the bytes away from undici.
  socket.on('readable', () => {
    // Bytes were written since the last count, so a new request began.
    if (socket.bytesWritten !== written) counted = 0;
    counted += socket.bytesRead - read;
    written = socket.bytesWritten;
    read = socket.bytesRead;
    if (counted > MAX_BYTES_PER_ANSWER) socket.destroy();
  });
}
