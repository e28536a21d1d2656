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
import { JsonRpcError, type RemoteError } from '../shared/json-rpc-error.ts';
import { isRefusal } from '../shared/request-failures.ts';
import { CANCELLED, NOT_FOUND } from './refused.ts';

const AUTH_REQUIRED = -32_000;

/** The protocol has two codes for what goes wrong at the model's end, so the text is all there is. */
const BY_TEXT: readonly (readonly [RegExp, FailureKind])[] = [
  [/quota|billing|credit balance|payment required/i, NO_QUOTA],
  [/rate.?limit|too many requests|resource.?exhausted|\b429\b/i, RATE_LIMITED],
  [/unauthori[sz]ed|unauthenticated|invalid api key|api key not valid|\b40[13]\b/i, UNAUTHORIZED],
  [/context.?(?:length|window)|prompt is too long|too many tokens|\b413\b/i, TOO_LONG],
  [/overloaded|\b503\b|\b529\b/i, OVERLOADED],
  [/model.{0,60}not (?:found|supported)|(?:unknown|no such) model/i, NO_MODEL],
  // the words of undici for a stream that broke off
  [/^terminated$|socket hang up|fetch failed|other side closed|network|ECONN|ETIMEDOUT/i, UNREACHABLE],
  [/\b400\b|bad request|invalid.?argument/i, BAD_REQUEST],
  [/\b5\d\d\b|internal server error/i, SERVER_ERROR],
];

/** Why a turn failed, from the error that answers its prompt. */
export function failureOfPrompt(error: unknown): Failure {
  if (!(error instanceof JsonRpcError) || error.remote === null) {
    const message = error instanceof Error ? error.message : String(error);
    return failure('PROVIDER_ERROR', `the answer of the agent could not be read: ${message}`, {
      class: 'internal',
    });
  }
  const { remote } = error;
  const text = textOf(remote);
  return failure(kindOf(remote, text).code, text, {
    ...kindOf(remote, text),
    providerCode: String(remote.code),
  });
}

/** gemini 0.61.0 puts the HTTP status of the model's end where the code belongs. */
function kindOf({ code, message }: RemoteError, text: string): FailureKind {
  if (code === AUTH_REQUIRED) return UNAUTHORIZED;
  const known = BY_TEXT.find(([pattern]) => pattern.test(message) || pattern.test(text))?.[1];
  return known ?? (code >= 400 && code < 600 ? kindOfStatus(code) : null) ?? ERROR;
}

/** What went wrong may stand in the data alone, beside "Internal error". */
function textOf({ message, data }: RemoteError): string {
  const details = typeof data === 'object' && data !== null ? Reflect.get(data, 'details') : data;
  return typeof details === 'string' && details !== message ? `${message}: ${details}` : message;
}

export const isCancelled = (error: unknown): boolean =>
  error instanceof JsonRpcError && error.remote?.code === CANCELLED;

export const isLoginRequired = (error: unknown): boolean =>
  error instanceof JsonRpcError && error.remote?.code === AUTH_REQUIRED;

/** Each agent has its own words for a session that is not there, and most the code of any error. */
const UNKNOWN_SESSION =
  /not found|no previous sessions|invalid session|unknown session|does not exist|no such|no conversation|no rollout/i;

/** The agent does not know the session, or has nothing of it on disk. */
export function isUnknownSession(error: unknown): boolean {
  if (!(error instanceof JsonRpcError) || error.remote === null) return false;
  const { code, data } = error.remote;
  const text = `${textOf(error.remote)} ${data === undefined ? '' : JSON.stringify(data)}`;
  return isRefusal(error) && (code === NOT_FOUND || UNKNOWN_SESSION.test(text));
}

// ---- ends without an error ---------------------------------------------------------------------------------------

const stopped = (
  code: Failure['code'],
  failureClass: Failure['class'],
  message: string,
): Omit<Failure, 'providerCode'> => failure(code, message, { class: failureClass, retryable: false });

const STOPS: ReadonlyMap<string, Omit<Failure, 'providerCode'>> = new Map([
  ['max_tokens', stopped('PROVIDER_ERROR', 'provider', 'the answer was cut off at its greatest length')],
  ['max_turn_requests', stopped('PROVIDER_ERROR', 'provider', 'the turn took more steps than it may')],
  ['refusal', stopped('PROVIDER_BAD_REQUEST', 'permission', 'the model refused to answer')],
]);

/** Why a turn that was answered without an error has failed all the same. */
export function failureOfStop(stopReason: string): Failure {
  const known =
    STOPS.get(stopReason) ?? failure('PROVIDER_ERROR', `the agent stopped for ${stopReason}`, ERROR);
  return { ...known, providerCode: stopReason.slice(0, 128) };
}

/** Nothing came after a tool that failed, not even a word. */
export const TOOL_FAILED = failure(
  'PROVIDER_ERROR',
  'a tool failed, and the agent said nothing more',
  failureKind('PROVIDER_ERROR', 'provider', true),
);
