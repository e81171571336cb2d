import { WebSocket } from 'ws';

// The limit for events of strangers: a minimal client that subscribes at every relay and counts frames.

let count = 0;
for (const url of process.argv.slice(2)) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('open', () => socket.send(JSON.stringify(['REQ', 'bare', { kinds: [1059], limit: 0 }])));
  socket.on('message', () => count++);
}
process.on('message', (question) => {
  if (question === 'count') process.send?.({ count });
});
process.stderr.write('ready\n');
