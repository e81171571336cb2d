import type { Socket } from 'node:net';

import { buildConnector } from 'undici';

/**
 * The most that a push server may send for one request. undici bounds headers and we the body; this bounds what neither
 * counts: a status line without end, interim answers, chunk extensions.
 */
const MAX_BYTES_PER_ANSWER = 64 * 1024;

/** Connects as undici does, and hangs up on a server that sends too much. */
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
  // Listening to `readable`, and not to `data`, leaves the reading to undici.
  socket.on('readable', () => {
    // What has been written since is a further request: the count begins anew.
    if (socket.bytesWritten !== written) counted = 0;
    counted += socket.bytesRead - read;
    written = socket.bytesWritten;
    read = socket.bytesRead;
    if (counted > MAX_BYTES_PER_ANSWER) socket.destroy();
  });
}
