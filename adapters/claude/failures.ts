import { failure, type Failure } from '../../machines/domain/error.ts';
import {
  ERROR,
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
import type { Result } from './wire.ts';

/** Claude's word for why a message of its own stands where one of the model should. */
const WORDS: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['authentication_failed', UNAUTHORIZED],
  ['oauth_org_not_allowed', UNAUTHORIZED],
  ['billing_error', NO_QUOTA],
  ['rate_limit', RATE_LIMITED],
  ['overloaded', OVERLOADED],
  ['server_error', SERVER_ERROR],
  ['model_not_found', NO_MODEL],
  ['max_output_tokens', ERROR],
]);

/** Limits of an account have a text and no word of their own. */
const BY_TEXT: readonly (readonly [RegExp, FailureKind])[] = [
  [/credit balance is too low|usage limit|out of (?:extra )?usage|quota/i, NO_QUOTA],
  [/prompt is too long/i, TOO_LONG],
  [/not logged in|please run \/login|invalid api key/i, UNAUTHORIZED],
  [
    /connection (?:dropped|error|refused|closed)|unable to connect|ECONN|ENOTFOUND|fetch failed/i,
    UNREACHABLE,
  ],
];

const BY_REASON: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
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

const kindOf = ({ subtype, ...result }: Result, word: string, message: string): FailureKind =>
  BY_REASON.get(result.terminal_reason ?? '') ??
  BY_REASON.get(subtype) ??
  BY_TEXT.find(([pattern]) => pattern.test(message))?.[1] ??
  byStatus(result.api_error_status ?? null) ??
  WORDS.get(word) ??
  ERROR;

const byStatus = (status: number | null): FailureKind | null =>
  status === 404 ? NO_MODEL : kindOfStatus(status);

function codeOf(
  { subtype, terminal_reason: reason, api_error_status: status }: Result,
  word: string,
): string {
  const name = subtype === 'success' ? (reason ?? word) : subtype;
  return [name, status].filter(Boolean).join(':').slice(0, 128);
}
