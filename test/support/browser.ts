import { existsSync } from 'node:fs';

import { chromium, type Browser } from 'playwright-core';

import { keep } from './keep.ts';

/** Debian's Chromium; `.ci/install-chromium` gets it. */
const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Whether there is a browser to test with. */
export const hasBrowser = existsSync(EXECUTABLE);

/** It connects only to the page: everything that a browser does by itself is off. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A headless browser with an empty profile, until the test is over. */
export async function openBrowser(): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: EXECUTABLE, headless: true, args: ARGUMENTS });
  keep({ [Symbol.asyncDispose]: () => browser.close() });
  return browser;
}
