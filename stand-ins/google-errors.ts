import type { Answer } from './http-exchange.ts';

/** The error bodies of Google's APIs, in Google's own shape. */
export const googleErrors = {
  http2Only: () => googleError(505, 'UNIMPLEMENTED', 'This stand-in takes messages over HTTP/2 only.'),

  unauthenticated: () =>
    googleError(
      401,
      'UNAUTHENTICATED',
      'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
    ),

  /** An answer without an FcmError in its details: the project or the path is wrong, not the device. */
  notFound: () => googleError(404, 'NOT_FOUND', 'Requested entity was not found.'),

  invalidArgument: (field: string, description: string) =>
    googleError(400, 'INVALID_ARGUMENT', `Invalid value at '${field}': ${description}`, [
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] },
    ]),
};

function googleError(status: number, name: string, message: string, details?: object[]): Answer {
  const error = { code: status, message, status: name, ...(details === undefined ? {} : { details }) };
  return { status, body: { error } };
}
