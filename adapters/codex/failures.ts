import { failure, type ErrorCode, type Failure } from '../../machines/domain/error.ts';
import { JsonRpcError } from '../shared/json-rpc-error.ts';
import type { TurnError } from './wire.ts';

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
/** A rule of the provider forbids it; the same prompt will be refused again. */
const FORBIDDEN = known('PROVIDER_BAD_REQUEST', 'permission', false);

const NAMES: Readonly<Record<string, Known>> = {
  contextWindowExceeded: known('PROVIDER_CONTEXT_EXCEEDED', 'provider', false),
  sessionBudgetExceeded: NO_QUOTA,
  usageLimitExceeded: NO_QUOTA,
  rateLimitExceeded: RATE_LIMITED,
  flexUnavailable: OVERLOADED,
  serverOverloaded: OVERLOADED,
  policyCapacityUnavailable: OVERLOADED,
  modelNotFound: NO_MODEL,
  inferenceHookDenied: FORBIDDEN,
  cyberPolicy: FORBIDDEN,
  misalignmentPolicyViolation: FORBIDDEN,
  tooManyDenials: FORBIDDEN,
  internalServerError: SERVER_ERROR,
  unauthorized: UNAUTHORIZED,
  badRequest: BAD_REQUEST,
  sandboxError: known('PROVIDER_ERROR', 'internal', false),
  // 0.169.0 names the HTTP status of a 401, a 429 and a lost stream in these, never in a name of their own
  httpConnectionFailed: UNREACHABLE,
  responseStreamConnectionFailed: UNREACHABLE,
  responseStreamDisconnected: UNREACHABLE,
  responseTooManyFailedAttempts: UNREACHABLE,
};

/** A map, because the names come from outside. */
const BY_NAME: ReadonlyMap<string, Known> = new Map(Object.entries(NAMES));

const BY_STATUS: Readonly<Record<number, Known>> = {
  400: BAD_REQUEST,
  401: UNAUTHORIZED,
  402: NO_QUOTA,
  403: UNAUTHORIZED,
  404: BAD_REQUEST,
  413: known('PROVIDER_CONTEXT_EXCEEDED', 'provider', false),
  429: RATE_LIMITED,
  503: OVERLOADED,
  529: OVERLOADED,
};

/** codex calls some errors `other`; their text is all there is. */
const BY_TEXT: readonly (readonly [RegExp, Known])[] = [
  // the model stopped by itself, for its length or a filter
  [/incomplete response returned/i, ERROR],
  [/^stream disconnected before completion/i, UNREACHABLE],
  [/\bunexpected status 4\d\d\b/i, BAD_REQUEST],
  [/\bunexpected status 5\d\d\b/i, SERVER_ERROR],
  [/"type":\s*"invalid_request_error"/, BAD_REQUEST],
];

/** Why a turn failed, from codex's own word for it. */
export function failureOfTurn(error: TurnError | null | undefined): Failure {
  if (error === null || error === undefined)
    return failure('PROVIDER_ERROR', 'codex ended the turn as failed and gave no reason', {
      class: 'provider',
    });
  const { name, status } = nameOf(error.codexErrorInfo ?? null);
  const kind = byStatus(status) ?? BY_NAME.get(name) ?? byText(error.message) ?? ERROR;
  const providerCode = status === null ? name : `${name}:${status}`;
  return failure(kind.code, error.message, {
    ...kind,
    ...(providerCode === '' ? {} : { providerCode: providerCode.slice(0, 128) }),
  });
}

function nameOf(info: TurnError['codexErrorInfo'] | null): { name: string; status: number | null } {
  if (info === null || info === undefined) return { name: '', status: null };
  if (typeof info === 'string') return { name: info, status: null };
  const [name = '', detail] = Object.entries(info)[0] ?? [];
  const status = typeof detail === 'object' && detail !== null ? Reflect.get(detail, 'httpStatusCode') : null;
  return { name, status: typeof status === 'number' ? status : null };
}

function byStatus(status: number | null): Known | null {
  if (status === null) return null;
  return BY_STATUS[status] ?? (status >= 500 ? SERVER_ERROR : null);
}

const byText = (message: string): Known | null =>
  BY_TEXT.find(([pattern]) => pattern.test(message))?.[1] ?? null;

/** What codex said when it refused a request of ours, or how the request got lost. */
export function failureOfRequest(code: ErrorCode, error: unknown): Failure {
  if (!(error instanceof JsonRpcError)) {
    const message = error instanceof Error ? error.message : String(error);
    return failure(code, `the answer of codex could not be read: ${message}`, { class: 'internal' });
  }
  const { remote } = error;
  return failure(code, error.message, {
    class: remote === null ? 'transport' : 'provider',
    ...(remote === null ? {} : { providerCode: String(remote.code) }),
  });
}

/** The process has ended, so nobody knows what became of the request; its end is told in its own way. */
export const isClosed = (error: unknown): boolean => error instanceof JsonRpcError && error.kind === 'closed';

/** codex has answered, and said no. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof JsonRpcError && error.kind === 'remote';

export const isTimeout = (error: unknown): boolean =>
  error instanceof JsonRpcError && error.kind === 'timeout';

/** Somebody has put the thread away by another client of codex. */
export const isArchived = (error: unknown): boolean =>
  error instanceof JsonRpcError && /\bis archived\b/.test(error.remote?.message ?? '');

/** codex does not know the thread, or has nothing of it on disk. */
export function isUnknownThread(error: unknown): boolean {
  const message = error instanceof JsonRpcError ? (error.remote?.message ?? '') : '';
  return /no rollout found|thread not (?:found|loaded)|not materialized yet|invalid (?:thread|session) id/.test(
    message,
  );
}
