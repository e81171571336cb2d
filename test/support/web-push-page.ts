import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

import { Arrivals } from '../../stand-ins/arrivals.ts';
import { type Answer, httpExchange, type ReceivedRequest } from '../../stand-ins/http-exchange.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';

/** The blocks of JavaScript of docs/web-push.md: the page's code, and the service worker's. */
export async function codeOfThePage(): Promise<readonly string[]> {
  const text = await readFile(new URL('../../docs/web-push.md', import.meta.url), 'utf8');
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = '']) => code);
}

/** What a web developer adds to the page's code. */
const START = "navigator.serviceWorker.register('/worker.js');";
/** What a web developer adds to the service worker's code, and a word to the test about each push. */
const NEWS = `
const newsOfTrades = () => Promise.resolve('Paid');
self.addEventListener('push', (event) => {
  event.waitUntil(fetch('/pushed', { method: 'POST', body: event.data.text() }));
});`;

/** A site of its own origin that has the code of docs/web-push.md. */
export class WebPushPage implements AsyncDisposable {
  /** What a browser evaluates to the titles and bodies of the notifications that the page shows. */
  static readonly NOTIFICATIONS =
    'navigator.serviceWorker.ready.then((ready) => ready.getNotifications()).then((all) => all.map(({ title, body }) => [title, body]))';
  /** What the service worker's `push` events had, decrypted by the browser. */
  readonly pushed = new Arrivals<string>();
  readonly url: string;
  readonly #server: LoopbackServer;

  private constructor(server: LoopbackServer) {
    this.#server = server;
    this.url = `http://127.0.0.1:${server.port}/`;
  }

  /** @param isSilent whether the service worker shows no notification, against the advice of docs/web-push.md */
  static async start({ isSilent = false } = {}): Promise<WebPushPage> {
    const [page = '', notifying = ''] = await codeOfThePage();
    const worker = isSilent ? '' : notifying;
    const http = createServer();
    const site = new WebPushPage(await LoopbackServer.listen(http));
    http.on(
      'request',
      httpExchange((request) => Promise.resolve(site.#serve(request, page, worker))),
    );
    return site;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  #serve({ path, body }: ReceivedRequest, page: string, worker: string): Answer {
    const html = `<!doctype html><meta charset="utf-8"><title>Mostro</title><script>${page}${START}</script>`;
    if (path === '/') return { status: 200, headers: { 'content-type': 'text/html' }, body: html };
    if (path === '/worker.js')
      return { status: 200, headers: { 'content-type': 'text/javascript' }, body: worker + NEWS };
    if (path !== '/pushed') return { status: 404 };
    this.pushed.push(body.toString());
    return { status: 204 };
  }
}
