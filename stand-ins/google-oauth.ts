import { type KeyObject, randomBytes } from 'node:crypto';

import { type JWTPayload, jwtVerify } from 'jose';

import { Arrivals } from './arrivals.ts';
import type { ServiceAccountFile } from './google-service-account.ts';
import type { Answer, ReceivedRequest } from './http-exchange.ts';

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';

/** One request for an access token. `claims` is there when the assertion was genuine. */
export interface TokenRequest {
  status: number;
  claims: JWTPayload | undefined;
  httpVersion: string;
  userAgent: string | undefined;
  at: number;
}

/** Google's token endpoint for one service account: checks the signed assertion, issues access tokens. */
export class GoogleOAuth {
  readonly requests = new Arrivals<TokenRequest>();
  answer: (() => Answer | undefined) | undefined;

  readonly #account: ServiceAccountFile;
  readonly #publicKey: KeyObject;
  readonly #issued = new Set<string>();

  constructor(account: ServiceAccountFile, publicKey: KeyObject) {
    this.#account = account;
    this.#publicKey = publicKey;
  }

  hasIssued(accessToken: string): boolean {
    return this.#issued.has(accessToken);
  }

  async respond(request: ReceivedRequest): Promise<Answer> {
    const verdict = await this.#judge(request);
    const answer = this.answer?.() ?? verdict.answer;
    this.#remember(answer);
    const { headers, httpVersion, at } = request;
    const userAgent = headers['user-agent'];
    this.requests.push({ status: answer.status, claims: verdict.claims, httpVersion, userAgent, at });
    return answer;
  }

  async #judge(request: ReceivedRequest): Promise<{ answer: Answer; claims: JWTPayload | undefined }> {
    const form = new URLSearchParams(request.body.toString());
    const problem = formProblem(request, form);
    if (problem !== undefined) return { answer: refusal('invalid_request', problem), claims: undefined };
    try {
      const claims = await this.#claims(form.get('assertion') ?? '');
      return { answer: freshToken(), claims };
    } catch (error) {
      return { answer: refusal('invalid_grant', `Invalid JWT: ${String(error)}`), claims: undefined };
    }
  }

  async #claims(assertion: string): Promise<JWTPayload> {
    const { payload } = await jwtVerify(assertion, this.#publicKey, {
      algorithms: ['RS256'],
      issuer: this.#account.client_email,
      audience: this.#account.token_uri,
      requiredClaims: ['iat', 'exp'],
      // This option also makes jose check `iat` and refuse one from the future.
      maxTokenAge: 3600,
      clockTolerance: 60,
    });
    const { iat = 0, exp = 0 } = payload;
    if (exp - iat > 3600) throw new Error('the assertion is valid for more than an hour');
    if (payload['scope'] !== SCOPE) throw new Error('the scope is not Firebase messaging');
    return payload;
  }

  /** A scripted answer can issue a token too, for example one that expires sooner. */
  #remember({ status, body }: Answer): void {
    if (status !== 200 || typeof body !== 'object' || body === null) return;
    if ('access_token' in body && typeof body.access_token === 'string') this.#issued.add(body.access_token);
  }
}

function formProblem({ method, headers }: ReceivedRequest, form: URLSearchParams): string | undefined {
  if (method !== 'POST') return 'Only POST requests are allowed.';
  if (headers['content-type']?.split(';')[0]?.trim() !== 'application/x-www-form-urlencoded') {
    return 'The content type must be application/x-www-form-urlencoded.';
  }
  return form.get('grant_type') === GRANT_TYPE ? undefined : 'Unsupported grant_type.';
}

function freshToken(): Answer {
  const access_token = `ya29.c.${randomBytes(96).toString('base64url')}`;
  return { status: 200, body: { access_token, expires_in: 3599, token_type: 'Bearer' } };
}

function refusal(error: string, error_description: string): Answer {
  return { status: 400, body: { error, error_description } };
}
