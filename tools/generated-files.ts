import { readFile } from 'node:fs/promises';

import { describedApi } from './openapi/described-api.ts';
import { renderAlertRules } from './render-alert-rules.ts';
import { renderConfigurationPage, renderEnvExample } from './render-configuration.ts';
import { renderGrafanaDashboard } from './render-grafana.ts';

/** The committed files that are made from the code: their paths from the repository's root, and the functions that make them. */
export const GENERATED_FILES: Readonly<Record<string, () => string | Promise<string>>> = {
  '.env.example': renderEnvExample,
  'docs/configuration.md': renderConfigurationPage,
  'docs/openapi.json': renderOpenApi,
  'deploy/prometheus/rules.yml': renderAlertRules,
  'deploy/grafana/mostro-push.json': renderGrafanaDashboard,
};

async function renderOpenApi(): Promise<string> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  return `${JSON.stringify(await describedApi(version), undefined, 2)}\n`;
}
