import { failure, type Failure } from '../../machines/domain/error.ts';
import {
  BAD_REQUEST,
  ERROR,
  failureKind,
  kindOfStatus,
  NO_MODEL,
  NO_QUOTA,
  OVERLOADED,
  RATE_LIMITED,
  SERVER_ERROR,
  TOO_LONG,
  UNAUTHORIZED,
  UNREACHABLE,
  type FailureKind,
} from '../shared/failure-kinds.ts';
import { JsonRpcError } from '../shared/json-rpc-error.ts';
import type { TurnError } from './wire.ts';

/** A rule of the provider forbids it; the same prompt will be refused again. */
const FORBIDDEN = failureKind('PROVIDER_BAD_REQUEST', 'permission', false);

const NAMES: Readonly<Record<string, FailureKind>> = {
  contextWindowExceeded: TOO_LONG,
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
  sandboxError: failureKind('PROVIDER_ERROR', 'internal', false),
  // 0.169.0 names the HTTP status of a 401, a 429 and a lost stream in these, never in a name of their own
  httpConnectionFailed: UNREACHABLE,
  responseStreamConnectionFailed: UNREACHABLE,
  responseStreamDisconnected: UNREACHABLE,
  responseTooManyFailedAttempts: UNREACHABLE,
};

/** A map, because the names come from outside. */
const BY_NAME: ReadonlyMap<string, FailureKind> = new Map(Object.entries(NAMES));

/** codex calls some errors `other`; their text is all there is. */
const BY_TEXT: readonly (readonly [RegExp, FailureKind])[] = [
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

const byStatus = (status: number | null): FailureKind | null =>
  status === 404 ? BAD_REQUEST : kindOfStatus(status);

const byText = (message: string): FailureKind | null =>
  BY_TEXT.find(([pattern]) => pattern.test(message))?.[1] ?? null;

/** Somebody has put the thread away by another client of codex. */
export const isArchived = (error: unknown): boolean =>
  error instanceof JsonRpcError && /\bis archived\b/.test(error.remote?.message ?? '');

/** Of a fork. */
export const isUnknownTurn = (error: unknown): boolean =>
  error instanceof JsonRpcError && /\bturn not found\b/.test(error.remote?.message ?? '');

/** codex does not know the thread, or has nothing of it on disk. */
export function isUnknownThread(error: unknown): boolean {
  const message = error instanceof JsonRpcError ? (error.remote?.message ?? '') : '';
  return /no rollout found|thread not (?:found|loaded)|not materialized yet|invalid (?:thread|session) id/.test(
    message,
  );
}
