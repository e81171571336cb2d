import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

import { Arrivals } from './arrivals.ts';
import { googleErrors } from './google-errors.ts';
import type { Answer, AnswerHook, ReceivedRequest } from './http-exchange.ts';
import { isCompanion } from './companion.ts';

/** A message for one device, as it reached Google. */
export interface GooglePush {
  /** The registration token; for an installation id, `fid:` and the id. */
  token: string;
  /** The parsed JSON. */
  body: unknown;
  raw: string;
  headers: IncomingHttpHeaders;
  httpVersion: string;
  at: number;
}

/** A request that was not answered with 200. `status` is 0 if the client gave up before the answer. */
export interface GoogleRefusal {
  status: number;
  token: string | undefined;
  answer: Answer;
  raw: string;
  headers: IncomingHttpHeaders;
  httpVersion: string;
  at: number;
}

interface Settings {
  projectId: string;
  latencyMs: number;
  hasIssued: (accessToken: string) => boolean;
}

/** `messages:send` of FCM HTTP v1. It is as strict as Google about everything that the server under test could do wrong. */
export class GoogleMessages {
  readonly pushes = new Arrivals<GooglePush>();
  readonly refusals = new Arrivals<GoogleRefusal>();
  /** Pushes to {@link isCompanion companions}, whatever the answer was. They are in no other list. */
  readonly companions = new Arrivals<GooglePush>();
  answer: AnswerHook<GooglePush> | undefined;

  readonly #settings: Settings;
  #sent = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async respond(request: ReceivedRequest): Promise<Answer> {
    const raw = request.body.toString();
    const body = parseJson(raw);
    const problem = this.#requestProblem(request) ?? messageProblem(body);
    const { headers, httpVersion, at } = request;
    const token = problem === undefined ? tokenOf(body) : undefined;
    const push = { token: token ?? '', body, raw, headers, httpVersion, at };
    const answer = problem ?? (await this.answer?.(push)) ?? this.#success();
    if (this.#settings.latencyMs > 0) await delay(this.#settings.latencyMs);
    if (isCompanion(push.token)) this.companions.push(push);
    else if (answer.status === 200 && !request.abandoned()) this.pushes.push(push);
    else {
      const status = request.abandoned() ? 0 : answer.status;
      this.refusals.push({ status, token, answer, raw, headers, httpVersion, at });
    }
    // A scripted 200 without a body gets Google's usual body.
    return answer.status === 200 && answer.body === undefined ? { ...this.#success(), ...answer } : answer;
  }

  #requestProblem({ method, path, headers, httpVersion }: ReceivedRequest): Answer | undefined {
    if (httpVersion !== '2.0') return googleErrors.http2Only();
    const project = /^\/v1\/projects\/([^/]+)\/messages:send$/u.exec(path)?.[1];
    if (method !== 'POST' || project === undefined) return googleErrors.notFound();
    const accessToken = /^Bearer (\S+)$/u.exec(headers.authorization ?? '')?.[1];
    if (accessToken === undefined || !this.#settings.hasIssued(accessToken)) {
      return googleErrors.unauthenticated();
    }
    if (project !== this.#settings.projectId) return googleErrors.notFound();
    if (headers['content-type']?.split(';')[0] === 'application/json') return undefined;
    return googleErrors.invalidArgument('content-type', 'must be application/json');
  }

  #success(): Answer {
    this.#sent += 1;
    return {
      status: 200,
      body: { name: `projects/${this.#settings.projectId}/messages/${this.#sent}` },
    };
  }
}

function messageProblem(body: unknown): Answer | undefined {
  if (!isRecord(body) || !isRecord(body['message'])) {
    return googleErrors.invalidArgument('message', 'the body must be JSON with a message');
  }
  const surplus = Object.keys(body).find((key) => key !== 'message' && key !== 'validate_only');
  if (surplus !== undefined) return googleErrors.invalidArgument(surplus, 'unknown name');
  const { message } = body;
  const targets = ['token', 'topic', 'condition', 'fid'].filter((target) => target in message);
  if (targets.length !== 1 || tokenOf(body) === undefined) {
    return googleErrors.invalidArgument(
      'message.token',
      'exactly one token or fid is expected as the target',
    );
  }
  const data = message['data'] ?? {};
  if (!isRecord(data)) return googleErrors.invalidArgument('message.data', 'must be a map');
  const wrong = Object.keys(data).find((key) => typeof data[key] !== 'string');
  return wrong === undefined
    ? undefined
    : googleErrors.invalidArgument(`message.data[${wrong}]`, 'every value must be a string');
}

function tokenOf(body: unknown): string | undefined {
  const message = isRecord(body) ? body['message'] : undefined;
  if (!isRecord(message)) return undefined;
  const { fid, token } = message;
  if (typeof fid === 'string') return /^[\w-]{22}$/u.test(fid) ? `fid:${fid}` : undefined;
  // Google is not known to take an id as a token.
  return typeof token === 'string' && /^(?!fid:)./u.test(token) ? token : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return undefined;
  }
}
