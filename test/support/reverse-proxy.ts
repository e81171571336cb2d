import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { areInstalled, DebianProgram } from './debian-program.ts';
import { freePort } from './free-port.ts';
import { tempDirectory } from './temp-directory.ts';

/** A reverse proxy in front of a server, with the file that deploy/ has for it. It speaks HTTP and not HTTPS. */
export interface ReverseProxy {
  readonly name: string;
  readonly isInstalled: boolean;
  /** @returns the URL that clients call */
  readonly start: (serverPort: number) => Promise<string>;
}

/** The idle time of the shipped files is this long in tests. */
const IDLE = '1s';

export const NGINX = {
  name: 'nginx',
  isInstalled: areInstalled('nginx'),
  /** Takes several servers, too. */
  start: async (...serverPorts: readonly number[]): Promise<string> => {
    const [directory, port, redirects] = [await tempDirectory(), await freePort(), await freePort()];
    const site = replaced(await shipped('nginx.conf'), [
      [/^.*listen \[::\].*\n/gm, ''],
      [/^.*ssl_.*\n/gm, ''],
      ['listen 443 ssl http2', `listen 127.0.0.1:${port}`],
      ['listen 80', `listen 127.0.0.1:${redirects}`],
      ['server 127.0.0.1:8080;', serverPorts.map((one) => `server 127.0.0.1:${one};`).join(' ')],
      ['keepalive_timeout 60s', `keepalive_timeout ${IDLE}`],
    ]);
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${directory}/${kind};`,
    );
    const file = join(directory, 'nginx.conf');
    const head = `daemon off; master_process off; pid ${directory}/pid; error_log stderr;\nevents {}\n`;
    await writeFile(file, `${head}http {\n${places.join('\n')}\n${site}\n}\n`);
    await DebianProgram.start('nginx', ['-p', directory, '-e', 'stderr', '-c', file], port);
    return `http://127.0.0.1:${port}`;
  },
} satisfies ReverseProxy;

export const CADDY: ReverseProxy = {
  name: 'Caddy',
  isInstalled: areInstalled('caddy'),
  start: async (serverPort) => {
    const [directory, port] = [await tempDirectory(), await freePort()];
    const site = replaced(await shipped('Caddyfile'), [
      ['\npush.example.org {', `\nhttp://127.0.0.1:${port} {`],
      ['127.0.0.1:8080', `127.0.0.1:${serverPort}`],
      ['keepalive 60s', `keepalive ${IDLE}`],
    ]);
    const file = join(directory, 'Caddyfile');
    await writeFile(file, `{\n\tadmin off\n\tauto_https off\n}\n${site}`);
    await DebianProgram.start('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], port);
    return `http://127.0.0.1:${port}`;
  },
};

function shipped(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), 'utf8');
}

/** Fails where there is nothing to replace, since the test would then be of another file. */
function replaced(text: string, changes: readonly (readonly [string | RegExp, string])[]): string {
  return changes.reduce((before, [found, by]) => {
    const after = before.replaceAll(found, by);
    if (after === before) throw new Error(`the file has no ${found}`);
    return after;
  }, text);
}
