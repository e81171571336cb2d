// A relay made with the npm package @nostr-relay/core on the loopback interface. It prints its URL. The package is not this project's
// own: it is installed in a directory of its own, the first argument.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { WebSocketServer } from 'ws';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    directory: { type: 'string' },
    'max-limit': { type: 'string', default: '500' },
    'max-subscriptions': { type: 'string', default: '20' },
    // Whether the NIP-11 document states the number of subscriptions.
    'state-subscriptions': { type: 'boolean', default: false },
    auth: { type: 'boolean', default: false },
  },
});
const installed = createRequire(join(positionals[0], 'package.json'));
const { EventRepository, LogLevel } = installed('@nostr-relay/common');
const { NostrRelay } = installed('@nostr-relay/core');

/** Events in memory and, with a directory, in a file that is read at the start. */
class Events extends EventRepository {
  #events = new Map();
  #maxLimit;
  #file;

  constructor(maxLimit, directory) {
    super();
    this.#maxLimit = maxLimit;
    if (directory === undefined) return;
    this.#file = join(directory, 'events.jsonl');
    const lines = existsSync(this.#file) ? readFileSync(this.#file, 'utf8').split('\n') : [];
    for (const line of lines) {
      if (line === '') continue;
      const event = JSON.parse(line);
      this.#events.set(event.id, event);
    }
  }

  isSearchSupported() {
    return false;
  }

  upsert(event) {
    const isDuplicate = this.#events.has(event.id);
    if (!isDuplicate && this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(event)}\n`);
    this.#events.set(event.id, event);
    return { isDuplicate };
  }

  find({ ids, kinds, authors, since = 0, until = Infinity, limit = this.#maxLimit }) {
    const some =
      ids === undefined ? [...this.#events.values()] : ids.flatMap((id) => this.#events.get(id) ?? []);
    return some
      .filter(
        (event) =>
          (kinds === undefined || kinds.includes(event.kind)) &&
          (authors === undefined || authors.includes(event.pubkey)) &&
          event.created_at >= since &&
          event.created_at <= until,
      )
      .toSorted((a, b) => b.created_at - a.created_at)
      .slice(0, Math.min(limit, this.#maxLimit));
  }

  async destroy() {}
}

const relay = new NostrRelay(new Events(Number(values['max-limit']), values.directory), {
  maxSubscriptionsPerClient: Number(values['max-subscriptions']),
  logLevel: LogLevel.ERROR,
  ...(values.auth && { hostname: '127.0.0.1' }),
});

const stated = {
  software: '@nostr-relay/core',
  limitation: values['state-subscriptions'] ? { max_subscriptions: Number(values['max-subscriptions']) } : {},
};
const http = createServer((request, response) => {
  response.setHeader('content-type', 'application/nostr+json').end(JSON.stringify(stated));
});
new WebSocketServer({ server: http }).on('connection', (socket) => {
  relay.handleConnection(socket);
  socket.on('close', () => relay.handleDisconnect(socket));
  socket.on('message', (data) => {
    const message = JSON.parse(Buffer.from(data).toString());
    if (message[0] === 'REQ' && !relay.isAuthorized(socket))
      socket.send(
        JSON.stringify(['CLOSED', message[1], 'auth-required: this relay serves nobody it does not know']),
      );
    else void relay.handleMessage(socket, message);
  });
});
// The end of stdin: whoever started this is gone, killed or not.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume();
http.listen(Number(values.port), '127.0.0.1', () => console.log(`ws://127.0.0.1:${http.address().port}`));
