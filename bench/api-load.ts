import { Pool } from 'undici';

/** How many clients use the API at the same time. */
const CONNECTIONS = 64;
const HEADERS = { 'content-type': 'application/json' };

/** Clients of an HTTP API. Each sends its next request as soon as it has an answer. */
export class ApiLoad implements AsyncDisposable {
  readonly #pool: Pool;

  constructor(url: string) {
    this.#pool = new Pool(url, { connections: CONNECTIONS });
  }

  /** Sends this many requests, as many at a time as there are clients. @param body the body of the n-th, as JSON */
  async post(path: string, count: number, body: (n: number) => string): Promise<void> {
    let next = 0;
    const client = async (): Promise<void> => {
      for (let n = next++; n < count; n = next++) await this.request(path, body(n));
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, client));
  }

  async request(path: string, body: string): Promise<void> {
    const answer = await this.#pool.request({ path, method: 'POST', headers: HEADERS, body });
    // A store in an engine that did not answer in time: clients ask again.
    if (answer.statusCode === 503) {
      await answer.body.dump();
      return this.request(path, body);
    }
    if (answer.statusCode !== 200)
      throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`);
    await answer.body.dump();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}
