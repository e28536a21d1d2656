import { failure, type ErrorCode, type Failure } from '../../machines/domain/error.ts';
import {
  BAD_REQUEST,
  ERROR,
  kindOfStatus,
  NO_MODEL,
  NO_QUOTA,
  TOO_LONG,
  UNAUTHORIZED,
  UNREACHABLE,
  type FailureKind,
} from '../shared/failure-kinds.ts';
import { JsonRpcError } from '../shared/json-rpc-error.ts';
import { failureOfRequest as failureOfAnswer, isClosed } from '../shared/request-failures.ts';
import type { MessageError } from './wire.ts';

/** opencode's names for what went wrong; `APIError` is told apart by its status. */
const BY_NAME: ReadonlyMap<string, FailureKind> = new Map([
  ['ProviderAuthError', UNAUTHORIZED],
  ['ContextOverflowError', TOO_LONG],
  ['MessageOutputLengthError', ERROR],
  ['ContentFilterError', BAD_REQUEST],
  ['StructuredOutputError', ERROR],
]);

/** Where neither name nor status says it. */
const BY_TEXT: readonly (readonly [RegExp, FailureKind])[] = [
  [/\bmodel not found\b/i, NO_MODEL],
  [/\bagent not found\b/i, BAD_REQUEST],
  [/cannot connect to api|socket connection was closed|unable to connect|ECONN|fetch failed/i, UNREACHABLE],
];

export const isAborted = ({ name }: MessageError): boolean => name === 'MessageAbortedError';

/** Why a turn failed, from opencode's own word for it. */
export function failureOfTurn({ name, data }: MessageError): Failure {
  const { statusCode: status = null, responseBody = '', message } = data;
  const kind = BY_NAME.get(name) ?? ofApi(status, responseBody) ?? byText(message ?? '') ?? ERROR;
  const providerCode = status === null ? name : `${name}:${status}`;
  const gist = (message ?? '').split('\n', 1)[0] ?? '';
  return failure(kind.code, gist === '' ? name : gist, { ...kind, providerCode: providerCode.slice(0, 128) });
}

/** A 404 is the model's: the address was right for others. */
function ofApi(status: number | null, responseBody: string): FailureKind | null {
  if (/\binsufficient_quota\b/.test(responseBody)) return NO_QUOTA;
  return status === 404 ? NO_MODEL : kindOfStatus(status);
}

const byText = (message: string): FailureKind | null =>
  BY_TEXT.find(([pattern]) => pattern.test(message))?.[1] ?? null;

/** The model stopped by itself before its end. */
export const cutOffFailure = (finish: string): Failure =>
  failure('PROVIDER_ERROR', `the model stopped before its end: ${finish}`, {
    class: 'provider',
    retryable: false,
    providerCode: finish.slice(0, 128),
  });

export const NO_WORD = failure('PROVIDER_ERROR', 'opencode ended the turn without a word about it', {
  class: 'provider',
});

export const failureOfRequest = (code: ErrorCode, error: unknown): Failure =>
  isLost(error) && error instanceof JsonRpcError
    ? failure(code, error.message, { class: 'transport' })
    : failureOfAnswer(code, error);

/** opencode has answered, and said no. */
export const isRefusal = (error: unknown): boolean => statusOf(error) !== null && !isLost(error);

/** There was no answer. */
const isLost = (error: unknown): boolean => statusOf(error) === 0;

const statusOf = (error: unknown): number | null =>
  error instanceof JsonRpcError ? (error.remote?.code ?? null) : null;

/** opencode does not know what was asked about. */
export const isUnknown = (error: unknown): boolean => statusOf(error) === 404;

/** Something runs in the session. */
export const isBusy = (error: unknown): boolean => statusOf(error) === 409;

export { isClosed };
