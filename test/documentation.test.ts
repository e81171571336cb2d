import { expect, test } from 'vitest';

import { renderConfigurationPage, renderEnvExample } from './support/render-configuration.ts';

// Both files are made from the one table of variables; `npx vitest run test/documentation.test.ts -u` makes them anew.

test('.env.example has every variable with a line on it', async () => {
  await expect(renderEnvExample()).toMatchFileSnapshot('../.env.example');
});

test('docs/configuration.md explains every variable', async () => {
  await expect(renderConfigurationPage()).toMatchFileSnapshot('../docs/configuration.md');
});
