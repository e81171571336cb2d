// Runs nostr-rs-relay, whose program is the first argument, on the loopback interface, with its default configuration as far as the
// options leave it. It prints the relay's URL.
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string' }, directory: { type: 'string' } },
});
const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'nostr-rs-relay-'));
const port = values.port ?? (await freePort());
const config = join(directory, 'config.toml');
writeFileSync(
  config,
  `[info]
relay_url = "ws://127.0.0.1:${port}"
[database]
data_directory = "${directory}"
[network]
address = "127.0.0.1"
port = ${port}
`,
);
const [program] = positionals;
const relay = spawn(program, ['--config', config, '--db', directory], { stdio: 'ignore' });
relay.on('exit', (code) => (process.exitCode = code ?? 1));
// The end of stdin: whoever started this is gone, killed or not. So this program's own end is the relay's end too.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume();
process.on('SIGTERM', () => relay.kill('SIGKILL'));

while (!(await isListening())) await new Promise((resolve) => setTimeout(resolve, 20));
console.log(`ws://127.0.0.1:${port}`);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port: free } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(free);
}

function isListening() {
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}
