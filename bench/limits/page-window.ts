import { WebSocket } from 'ws';

// The limit for a recovery: a minimal client that asks a relay for everything that it has stored, page by page, and counts.

const PAGE = 500;

const [url = ''] = process.argv.slice(2);

function run(since: number): void {
  let [events, inPage, oldest, page] = [0, 0, Infinity, 0];
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const ask = (): void => {
    inPage = 0;
    const until = oldest === Infinity ? {} : { until: oldest - 1 };
    socket.send(JSON.stringify(['REQ', `page${page++}`, { kinds: [1059], since, ...until, limit: PAGE }]));
  };
  socket.on('open', ask);
  socket.on('message', (data: Buffer) => {
    const [type, , event] = JSON.parse(data.toString()) as [string, string, { created_at: number }];
    if (type === 'EVENT') {
      events++;
      inPage++;
      oldest = Math.min(oldest, event.created_at);
    } else if (type === 'EOSE' && inPage > 0) ask();
    else if (type === 'EOSE') {
      socket.close();
      process.send?.({ events });
    }
  });
}

process.on('message', (message) => {
  const { since } = message as { since?: number };
  if (since !== undefined) run(since);
});
process.stderr.write('ready\n');
