import { readFile } from 'node:fs/promises';

/** Beside the compiled program as beside its source. Tests hold it to what the routes say of themselves. */
const FILE = new URL('../../docs/openapi.json', import.meta.url);

/**
 * The API's description (OpenAPI 3.1), read when it is first asked for: to make it of the routes takes longer than to start all else.
 *
 * @returns gives its JSON, of the version that runs
 */
export function openApiDocument(version: string): () => Promise<string> {
  let text: string | undefined;
  return async () => {
    text ??= withVersion(await readFile(FILE, 'utf8'), version);
    return text;
  };
}

function withVersion(written: string, version: string): string {
  const document = JSON.parse(written) as { info: object };
  return JSON.stringify({ ...document, info: { ...document.info, version } });
}
