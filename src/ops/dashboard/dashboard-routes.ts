import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { FastifyInstance } from 'fastify';

import { snapshot, type SnapshotSources } from './snapshot.ts';

const { resolve } = createRequire(import.meta.url);

/** The first one is used by the others. */
const SCRIPTS = ['script.js', 'bars.js', 'tables.js', 'charts.js'];

/** Builds the page with its style and scripts inside, and the policy that allows nothing else. */
function buildPage(): { html: string; policy: string } {
  const style = library('uPlot.min.css') + own('style.css');
  const script = [library('uPlot.iife.min.js'), ...SCRIPTS.map(own)].join('\n');
  // Replaced by functions, because `$` has a meaning in a replacement string. The hashes cover the exact text between the tags.
  const html = own('page.html')
    .replace(/<style>[^<]*<\/style>/, () => `<style>${style}</style>`)
    .replace(/<script>[^<]*<\/script>/, () => `<script>${script}</script>`);
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${hashOf(script)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
}

function own(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
}

function library(name: string): string {
  return readFileSync(resolve(`uplot/dist/${name}`), 'utf8');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** `GET /`, a page without any other file, and `GET /dashboard.json`, the data that it shows. */
export function dashboardRoutes(app: FastifyInstance, sources: SnapshotSources): void {
  const { html, policy } = buildPage();
  const startedAt = sources.clock();
  app.get('/', async (_request, reply) =>
    reply
      .headers({
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      })
      .type('text/html; charset=utf-8')
      .send(html),
  );
  app.get('/dashboard.json', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send(snapshot(sources, startedAt)),
  );
}
