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
import { failureOfRequest } from '../shared/request-failures.ts';
import { errorDataSchema, type RunError } from './wire.ts';

/** As the process of the SDK numbers what is told apart. */
const SDK_MISSING = -32_001;
const AGENT_NOT_FOUND = -32_002;

const NO_SANDBOX = failureKind('SETTINGS_NOT_APPLIED', 'validation', false);

/** Codes of Cursor's backend, of its transport, and names of the SDK's errors, as 1.0.32 has them. */
const BY_CODE: readonly (readonly [RegExp, FailureKind])[] = [
  [/^(?:FREE|PRO)_USER_USAGE_LIMIT$/, NO_QUOTA],
  [/RATE_LIMIT|^RESOURCE_EXHAUSTED$|^resource_exhausted$|^RateLimitError$/, RATE_LIMITED],
  [/^BAD_MODEL_NAME$|^MODEL_BLOCKED$/, NO_MODEL],
  [/API_KEY|AUTH_|LOGGED_IN|REQUIRES_LOGIN|UNAUTHORIZED|NOT_HIGH_ENOUGH_PERMISSIONS/, UNAUTHORIZED],
  [/^unauthenticated$|^permission_denied$|^AuthenticationError$/, UNAUTHORIZED],
  [/^TIMEOUT$|^unavailable$|^deadline_exceeded$|^aborted$|^ABORT_ERR$|^NetworkError$/, UNREACHABLE],
  [/^BAD_REQUEST$|^invalid_argument$|^failed_precondition$|^ConfigurationError$/, BAD_REQUEST],
  [/^internal$|^data_loss$/, SERVER_ERROR],
];

/** Where there is no code that would tell it. */
const BY_TEXT: readonly (readonly [RegExp, FailureKind])[] = [
  [/cannot use this model/i, NO_MODEL],
  // where the system has none, or the platform's package of the SDK is not installed
  [/sandboxing is not supported/i, NO_SANDBOX],
  [/usage limit|quota|out of (?:requests|usage)|payment required/i, NO_QUOTA],
  [/too many requests|rate limit/i, RATE_LIMITED],
  [/context (?:length|window)|prompt is too long/i, TOO_LONG],
  [/overloaded/i, OVERLOADED],
  [/ECONN|ENOTFOUND|fetch failed|socket hang up|network (?:error|request failed)/i, UNREACHABLE],
];

/** Why a run failed. */
export function failureOfRun(error: RunError | null | undefined): Failure {
  if (error === null || error === undefined) return NO_REASON;
  return failureOf(error.message, { code: error.code ?? '' });
}

const NO_REASON = failure('PROVIDER_ERROR', 'cursor ended the run as failed and gave no reason', {
  class: 'provider',
});

/** Why a prompt was not taken. */
export function failureOfSend(error: unknown): Failure {
  const data = error instanceof JsonRpcError ? errorDataSchema.safeParse(error.remote?.data).data : undefined;
  if (!(error instanceof JsonRpcError) || data === undefined)
    return failureOfRequest('SETTINGS_NOT_APPLIED', error);
  const { code = data.name, status = null } = data;
  return failureOf(error.remote?.message ?? '', { code, status });
}

interface Told {
  readonly code: string;
  readonly status?: number | null;
}

function failureOf(message: string, { code, status = null }: Told): Failure {
  const kind = first(BY_TEXT, message) ?? first(BY_CODE, code) ?? kindOfStatus(status) ?? ERROR;
  return failure(kind.code, message || `cursor says ${code}`, {
    ...kind,
    ...(code === '' ? {} : { providerCode: code.slice(0, 128) }),
  });
}

const first = (table: readonly (readonly [RegExp, FailureKind])[], text: string): FailureKind | null =>
  table.find(([pattern]) => pattern.test(text))?.[1] ?? null;

const isCode = (error: unknown, code: number): error is JsonRpcError =>
  error instanceof JsonRpcError && error.remote?.code === code;

/** Of an agent that the SDK does not know. */
export const isUnknownAgent = (error: unknown): boolean => isCode(error, AGENT_NOT_FOUND);

/** The SDK is not there; somebody has to install it. `null`: it is. */
export const missingFailure = (error: unknown): Failure | null =>
  isCode(error, SDK_MISSING)
    ? failure('INSTANCE_UNAVAILABLE', error.remote?.message ?? '', { class: 'validation', retryable: false })
    : null;
