/** Answers of the HTTP doors: JSON, never cached, never readable by another origin. */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
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
  /** Made bit by bit where it is long: its length is not told then. */
  readonly body: string | Uint8Array | AsyncIterable<string>;
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

/** Resolves when all of it is on its way. @throws {Error} when the body breaks off */
export async function respond(response: ServerResponse, answer: Answer): Promise<void> {
  const { body } = answer;
  const isHead = response.req.method === 'HEAD';
  const headers = { ...SECURITY_HEADERS, 'content-type': answer.contentType };
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    response.writeHead(answer.status, { ...headers, ...answer.headers });
    return isHead ? void response.end() : pipeline(body, response);
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(answer.status, { ...headers, 'content-length': bytes.byteLength, ...answer.headers });
  response.end(isHead ? undefined : bytes);
}
