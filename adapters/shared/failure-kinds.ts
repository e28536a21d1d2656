/** Kinds of failures at the model's end, which each provider has its own words for. */
import type { ErrorCode, Failure } from '../../machines/domain/error.ts';

export type FailureKind = Omit<Failure, 'message' | 'providerCode'>;

export const failureKind = (
  code: ErrorCode,
  failureClass: Failure['class'],
  retryable: boolean,
): FailureKind => ({
  code,
  class: failureClass,
  retryable,
});

export const ERROR = failureKind('PROVIDER_ERROR', 'provider', false);
export const SERVER_ERROR = failureKind('PROVIDER_ERROR', 'provider', true);
export const UNREACHABLE = failureKind('PROVIDER_UNREACHABLE', 'transport', true);
export const UNAUTHORIZED = failureKind('PROVIDER_UNAUTHORIZED', 'permission', false);
export const RATE_LIMITED = failureKind('PROVIDER_RATE_LIMITED', 'provider', true);
export const NO_QUOTA = failureKind('PROVIDER_QUOTA_EXCEEDED', 'provider', false);
export const OVERLOADED = failureKind('PROVIDER_OVERLOADED', 'provider', true);
export const BAD_REQUEST = failureKind('PROVIDER_BAD_REQUEST', 'validation', false);
export const NO_MODEL = failureKind('PROVIDER_MODEL_NOT_FOUND', 'validation', false);
export const TOO_LONG = failureKind('PROVIDER_CONTEXT_EXCEEDED', 'provider', false);

/** 404 is for each provider to say: not every one of them means the model by it. */
const BY_STATUS: Readonly<Record<number, FailureKind>> = {
  400: BAD_REQUEST,
  401: UNAUTHORIZED,
  402: NO_QUOTA,
  403: UNAUTHORIZED,
  413: TOO_LONG,
  429: RATE_LIMITED,
  503: OVERLOADED,
  529: OVERLOADED,
};

/** What an HTTP status of the model's end means. `null`: nothing that would be the same for all. */
export function kindOfStatus(status: number | null): FailureKind | null {
  if (status === null) return null;
  return BY_STATUS[status] ?? (status >= 500 ? SERVER_ERROR : null);
}
