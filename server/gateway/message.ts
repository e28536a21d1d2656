/** A text from a client as a JSON-RPC request, and answers as text. */
import { z } from 'zod';
import { failureOf, RuntimeError, type ErrorCode } from '../../machines/domain/error.ts';

/** JSON-RPC's own codes where it has one; all else is an application error, −32000. `data.code` is always ours. */
export const RPC_CODES = Object.freeze({
  parseError: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  application: -32_000,
});

const idSchema = z.union([z.string().max(128), z.number(), z.null()]);
export type RequestId = z.infer<typeof idSchema>;

const requestSchema = z.strictObject({
  jsonrpc: z.literal('2.0'),
  /** Without it the request is a notification: it is handled and not answered. */
  id: idSchema.optional(),
  method: z.string().max(128),
  params: z.unknown().optional(),
});

export interface Request {
  readonly id: RequestId | undefined;
  readonly method: string;
  readonly params: unknown;
}

/** What is wrong with a message, before any method is asked. */
export interface Malformed {
  readonly id: RequestId;
  readonly rpcCode: number;
  readonly problem: string;
}

/** Parses what a client sent. The depth is looked at first: nothing nests deeply by accident. */
export function parseRequest(text: string, mostDepth: number): Request | Malformed {
  if (isDeeper(text, mostDepth)) return malformed(`nested deeper than ${mostDepth}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { id: null, rpcCode: RPC_CODES.parseError, problem: 'not JSON' };
  }
  if (Array.isArray(value)) return malformed('batches are refused');
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) return { id: parsed.data.id, method: parsed.data.method, params: parsed.data.params };
  return { ...malformed('not a JSON-RPC 2.0 request'), id: idOf(value) };
}

const malformed = (problem: string): Malformed => ({ id: null, rpcCode: RPC_CODES.invalidRequest, problem });

function idOf(value: unknown): RequestId {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null;
  return idSchema.safeParse(value.id).data ?? null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Counts brackets outside of strings, without parsing. */
export function isDeeper(text: string, most: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index);
    else if (CLOSING.has(code)) depth -= 1;
    else if (OPENING.has(code) && ++depth > most) return true;
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === BACKSLASH) index += 1;
    else if (code === QUOTE) return index;
  }
  return text.length;
}

export function resultText(id: RequestId, result: unknown): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result)}}`;
}

export function errorText(id: RequestId, thrown: unknown): string {
  const { code, message } = failureOf(thrown);
  const isOurs = thrown instanceof RuntimeError;
  return textOf(id, {
    code: rpcCodeOf(code),
    // a defect's own words can hold paths and contents; the log has them
    message: isOurs ? message : 'internal error',
    data: { code, details: isOurs ? thrown.details : {} },
  });
}

export function malformedText({ id, rpcCode, problem }: Malformed): string {
  return textOf(id, { code: rpcCode, message: problem, data: { code: 'INVALID_PARAMS', details: {} } });
}

function rpcCodeOf(code: ErrorCode): number {
  if (code === 'INVALID_PARAMS') return RPC_CODES.invalidParams;
  return code === 'NOT_FOUND' ? RPC_CODES.methodNotFound : RPC_CODES.application;
}

const textOf = (id: RequestId, error: unknown): string => JSON.stringify({ jsonrpc: '2.0', id, error });
