/** What the API answered. */
export interface Posted {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

/** Sends JSON. */
export async function post(url: string, body: unknown): Promise<Posted> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text), text };
}
