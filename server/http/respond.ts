/** Answers of the HTTP doors: JSON, never cached, never readable by another origin. */
import type { ServerResponse } from 'node:http';
import { ERRORS, failureOf, RuntimeError } from '../../machines/domain/error.ts';

/** No CORS header stands here, and none may: no other origin reads an answer. */
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export function json(value: unknown, status = 200): Answer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

/** `{error: {code, message, details}}` with the status of the catalogue; what is not ours says nothing of itself. */
export function errorAnswer(thrown: unknown): Answer {
  const { code, message } = failureOf(thrown);
  const isOurs = thrown instanceof RuntimeError;
  const error = { code, message: isOurs ? message : 'internal error', details: isOurs ? thrown.details : {} };
  return json({ error }, ERRORS[code].httpStatus);
}

export function respond(response: ServerResponse, answer: Answer): void {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.status, {
    ...SECURITY_HEADERS,
    'content-type': answer.contentType,
    'content-length': body.byteLength,
    ...answer.headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
