import { failure, type ErrorCode, type Failure } from '../../machines/domain/error.ts';
import { JsonRpcError } from '../shared/json-rpc-error.ts';
import type { Result } from './wire.ts';

type Known = Omit<Failure, 'message' | 'providerCode'>;

const known = (code: ErrorCode, failureClass: Failure['class'], retryable: boolean): Known => ({
  code,
  class: failureClass,
  retryable,
});

const ERROR = known('PROVIDER_ERROR', 'provider', false);
const SERVER_ERROR = known('PROVIDER_ERROR', 'provider', true);
const UNREACHABLE = known('PROVIDER_UNREACHABLE', 'transport', true);
const UNAUTHORIZED = known('PROVIDER_UNAUTHORIZED', 'permission', false);
const RATE_LIMITED = known('PROVIDER_RATE_LIMITED', 'provider', true);
const NO_QUOTA = known('PROVIDER_QUOTA_EXCEEDED', 'provider', false);
const OVERLOADED = known('PROVIDER_OVERLOADED', 'provider', true);
const BAD_REQUEST = known('PROVIDER_BAD_REQUEST', 'validation', false);
const NO_MODEL = known('PROVIDER_MODEL_NOT_FOUND', 'validation', false);
const TOO_LONG = known('PROVIDER_CONTEXT_EXCEEDED', 'provider', false);

/** Claude's word for why a message of its own stands where one of the model should. */
const WORDS: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['authentication_failed', UNAUTHORIZED],
  ['oauth_org_not_allowed', UNAUTHORIZED],
  ['billing_error', NO_QUOTA],
  ['rate_limit', RATE_LIMITED],
  ['overloaded', OVERLOADED],
  ['server_error', SERVER_ERROR],
  ['model_not_found', NO_MODEL],
  ['max_output_tokens', ERROR],
]);

const BY_STATUS: Readonly<Record<number, Known>> = {
  400: BAD_REQUEST,
  401: UNAUTHORIZED,
  402: NO_QUOTA,
  403: UNAUTHORIZED,
  404: NO_MODEL,
  413: TOO_LONG,
  429: RATE_LIMITED,
  503: OVERLOADED,
  529: OVERLOADED,
};

/** Limits of an account have a text and no word of their own. */
const BY_TEXT: readonly (readonly [RegExp, Known])[] = [
  [/credit balance is too low|usage limit|out of (?:extra )?usage|quota/i, NO_QUOTA],
  [/prompt is too long/i, TOO_LONG],
  [/not logged in|please run \/login|invalid api key/i, UNAUTHORIZED],
  [
    /connection (?:dropped|error|refused|closed)|unable to connect|ECONN|ENOTFOUND|fetch failed/i,
    UNREACHABLE,
  ],
];

const BY_REASON: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['prompt_too_long', TOO_LONG],
  ['error_max_budget_usd', NO_QUOTA],
]);

/** Why a turn failed. `word`: of the message that claude put in the place of the model's. */
export function failureOfResult(result: Result, word = ''): Failure {
  const message = result.result ?? result.errors?.join('\n') ?? '';
  const providerCode = codeOf(result, word);
  const { subtype } = result;
  const kind = kindOf(result, word, message);
  return failure(kind.code, message || `claude ended the turn with ${subtype}`, {
    ...kind,
    ...(providerCode === '' ? {} : { providerCode }),
  });
}

const kindOf = ({ subtype, ...result }: Result, word: string, message: string): Known =>
  BY_REASON.get(result.terminal_reason ?? '') ??
  BY_REASON.get(subtype) ??
  BY_TEXT.find(([pattern]) => pattern.test(message))?.[1] ??
  byStatus(result.api_error_status ?? null) ??
  WORDS.get(word) ??
  ERROR;

function codeOf(
  { subtype, terminal_reason: reason, api_error_status: status }: Result,
  word: string,
): string {
  const name = subtype === 'success' ? (reason ?? word) : subtype;
  return [name, status].filter(Boolean).join(':').slice(0, 128);
}

function byStatus(status: number | null): Known | null {
  if (status === null) return null;
  return BY_STATUS[status] ?? (status >= 500 ? SERVER_ERROR : null);
}

/** What claude said when it refused a request of ours, or how the request got lost. */
export function failureOfRequest(code: ErrorCode, error: unknown): Failure {
  if (!(error instanceof JsonRpcError)) {
    const message = error instanceof Error ? error.message : String(error);
    return failure(code, `the answer of claude could not be read: ${message}`, { class: 'internal' });
  }
  return failure(code, error.message, { class: error.remote === null ? 'transport' : 'provider' });
}

/** The process has ended, so nobody knows what became of the request; its end is told in its own way. */
export const isClosed = (error: unknown): boolean => error instanceof JsonRpcError && error.kind === 'closed';

/** Claude has answered, and said no. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof JsonRpcError && error.kind === 'remote';

export const isTimeout = (error: unknown): boolean =>
  error instanceof JsonRpcError && error.kind === 'timeout';
