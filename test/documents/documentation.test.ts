import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { VARIABLES } from '../../src/config/variables.ts';
import { ALARMS } from '../../src/core/watch/alarms.ts';
import { GAUGES, HISTOGRAMS } from '../../src/core/telemetry/measures.ts';
import { COUNTERS } from '../../src/core/telemetry/counters.ts';
import { LOG_EVENTS } from '../../src/core/telemetry/telemetry.ts';

test('.env.example and docs/configuration.md name every variable', async () => {
  const [example, page] = [
    await readFile(new URL('../../.env.example', import.meta.url), 'utf8'),
    await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8'),
  ];
  for (const name of Object.keys(VARIABLES)) {
    expect(example).toMatch(new RegExp(`^(?:# )?${name}=`, 'm'));
    expect(page).toContain(`| \`${name}\` |`);
  }
});

test('docs/operations.md names every counter and every log event', async () => {
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const names = [...Object.keys(COUNTERS), ...Object.keys(LOG_EVENTS)];
  expect(names.filter((name) => !page.includes(`\`${name}`))).toEqual([]);
});

test('docs/operations.md names every alarm, histogram and gauge', async () => {
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const names = [...Object.keys(ALARMS), ...Object.keys(HISTOGRAMS), ...Object.keys(GAUGES)];
  expect(names.filter((name) => !page.includes(`\`${name}`))).toEqual([]);
});

test('docs/operations.md has the remedy of every alarm, in the words of the alarm', async () => {
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const remedies = Object.values(ALARMS).map(({ remedy }) => remedy);
  expect(remedies.filter((remedy) => !page.includes(`| ${remedy}`))).toEqual([]);
});

test('every promise of docs/privacy.md names a test, and every test that it names is there', async () => {
  const page = await readFile(new URL('../../docs/privacy.md', import.meta.url), 'utf8');
  const [, promises = ''] = /\n## What holds\n(.*?)\n## /s.exec(page) ?? [];
  const numbered = promises.split(/^(?=\d+\. )/m).slice(1);
  expect(numbered.length).toBeGreaterThanOrEqual(32);
  for (const promise of numbered) {
    const citations = [...promise.matchAll(/`([\w./-]+\.ts)`:\s+"([^"]+)"/g)];
    expect(citations, `no test for: ${promise}`).not.toEqual([]);
    for (const [, file = '', name = ''] of citations) {
      const source = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
      expect(source, `${file} names "${name}"`).toContain(name.replaceAll(/\s+/g, ' '));
    }
  }
});

test('package-lock.json names no registry', async () => {
  const lock = await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8');
  expect(lock).not.toContain('"resolved"');
});
