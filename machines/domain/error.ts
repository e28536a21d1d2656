/** Every code that a command, a turn, a connection or the wire can carry. Codes are API: never renamed. */
import { z } from 'zod';

interface CatalogueEntry {
  /** The same request may succeed later without being changed. */
  readonly retryable: boolean;
  /** For the HTTP doors; the WebSocket uses the code itself. */
  readonly httpStatus: number;
  readonly meaning: string;
}

const entry = (httpStatus: number, retryable: boolean, meaning: string): CatalogueEntry => ({
  retryable,
  httpStatus,
  meaning,
});

export const ERRORS = {
  // doors
  INVALID_PARAMS: entry(400, false, 'the request does not fit its schema'),
  UNAUTHORIZED: entry(401, false, 'no valid token or ticket'),
  FORBIDDEN: entry(403, false, 'the token lacks the scope, or host or origin is not allowed'),
  NOT_FOUND: entry(404, false, 'no such path or method'),
  PAYLOAD_TOO_LARGE: entry(413, false, 'the message or upload is over its limit'),
  RATE_LIMITED: entry(429, true, 'too many requests, or the ingress queue is full'),
  SHUTTING_DOWN: entry(503, true, 'the server drains and takes no commands'),
  STORE_UNAVAILABLE: entry(503, true, 'the journal could not be written; nothing happened'),
  STORE_LOCKED: entry(409, false, 'another server uses this data folder'),
  STORE_TOO_NEW: entry(409, false, 'a newer release has written to this data folder'),
  STORE_CORRUPT: entry(500, false, 'the stored data is damaged; the message says where'),
  RECORDING_INVALID: entry(400, false, 'the file is no recording, is torn or too new; details name the line'),
  INTERNAL: entry(500, false, 'a defect of the server; the log has the cause'),
  // commands
  COMMAND_CONFLICT: entry(409, false, 'the commandId was used for another command'),
  THREAD_NOT_FOUND: entry(404, false, 'no such thread'),
  THREAD_EXISTS: entry(409, false, 'the threadId is or was in use'),
  THREAD_BUSY: entry(409, true, 'a turn is starting or running, or a rollback is under way'),
  THREAD_ARCHIVED: entry(409, false, 'the thread is archived; unarchive it first'),
  THREAD_DELETED: entry(410, false, 'the thread is deleted or being deleted'),
  THREAD_NOT_DELETED: entry(409, false, 'only a deleted thread can be purged'),
  THREAD_QUARANTINED: entry(500, false, 'the journal of the thread cannot be stepped; read and delete only'),
  TURN_NOT_FOUND: entry(404, false, 'no such turn, or it is rolled back'),
  TURN_NOT_COMPLETED: entry(409, false, 'the turn has not completed, so nothing can go on from it'),
  NO_COMPLETED_TURN: entry(409, false, 'no turn of the thread has completed, so there is nothing to fork'),
  THREAD_NOT_FORKED: entry(
    409,
    false,
    'the thread is no fork of that thread, so there is nothing to bring back',
  ),
  NOTHING_TO_MERGE: entry(
    409,
    false,
    'the fork has completed no turn since it branched off or was last merged',
  ),
  TASK_NOT_FOUND: entry(404, false, 'the thread has asked for no such task'),
  TASK_NOT_ALLOWED: entry(403, false, 'that thread is not one of its own, or may do more than it may itself'),
  TASK_TOO_DEEP: entry(409, false, 'the thread is itself so many tasks deep that it cannot delegate'),
  TASK_LIMIT: entry(429, true, 'so many of its threads work already that no other can begin'),
  TURN_NOT_ACTIVE: entry(409, false, 'the named turn is not the active one, or none is'),
  TURN_ENDING: entry(409, true, 'the turn is being interrupted or settled and takes no steer'),
  TURN_NOT_RETRYABLE: entry(409, false, 'there is no failed or interrupted prompt to send again'),
  QUEUE_FULL: entry(409, true, 'the queue holds 100 prompts'),
  QUEUE_ENTRY_NOT_FOUND: entry(404, false, 'no such queue entry; it may have started'),
  REQUEST_NOT_FOUND: entry(404, false, 'no such request'),
  REQUEST_CLOSED: entry(409, false, 'the request is answered, expired or cancelled'),
  REQUEST_BEING_ANSWERED: entry(409, true, 'an answer to the request is on its way'),
  REQUEST_NOT_EXPIRED: entry(409, false, 'only an expired request can be asked again'),
  DECISION_NOT_OFFERED: entry(400, false, 'the request does not offer that decision or question'),
  ANSWER_INVALID: entry(400, false, 'an answer does not fit its question, which the details name'),
  INSTANCE_NOT_FOUND: entry(404, false, 'no such provider instance'),
  INSTANCE_UNAVAILABLE: entry(503, true, 'the provider instance cannot be used now'),
  CAPABILITY_UNSUPPORTED: entry(409, false, 'the provider cannot do that; details name the capability'),
  WORKSPACE_NOT_FOUND: entry(400, false, 'the working folder does not exist or is not a folder'),
  WORKTREE_FAILED: entry(502, true, "the thread's working tree could not be made or removed"),
  WORKTREE_SETUP_FAILED: entry(
    502,
    true,
    'the setup command of the working tree failed; its item has the output',
  ),
  WORKTREE_TIMED_OUT: entry(504, true, 'the working tree was not made and set up in time'),
  GIT_FAILED: entry(502, true, 'git failed or took too long; the message has its words'),
  CHECKPOINT_LOST: entry(410, false, 'the files of that moment are no longer in the repository'),
  ATTACHMENT_NOT_FOUND: entry(404, false, 'no such attachment'),
  PLAN_NOT_FOUND: entry(404, false, 'no such plan, or it is not complete'),
  PLAN_IMPLEMENTED: entry(409, false, 'the plan is implemented already; details name thread and turn'),
  NOTHING_TO_ROLL_BACK: entry(409, false, 'no turn comes after that one, or there is no prompt to edit'),
  CHECKPOINT_MISSING: entry(409, false, 'the files of a turn were not captured; details say which and why'),
  ITEM_NOT_FOUND: entry(404, false, 'no such item'),
  ENTRY_NOT_FOUND: entry(
    404,
    false,
    'the thread has no entry there: it began later, or nothing is written yet',
  ),
  SUBSCRIPTION_NOT_FOUND: entry(404, false, 'no such subscription on this socket'),
  // connections and turns
  CONNECTION_LOST: entry(502, true, 'the provider process or socket ended in a turn'),
  CONNECTION_CLOSED: entry(409, true, 'the connection was closed on request'),
  OPEN_FAILED: entry(502, true, 'the provider could not be started or reached'),
  OPEN_TIMED_OUT: entry(504, true, 'the provider did not open the session in time'),
  CLOSE_FAILED: entry(502, true, 'the provider did not let go of the session'),
  RESUME_FAILED: entry(
    502,
    false,
    'the provider no longer knows the session; a new one is begun, and told what was said before',
  ),
  TRANSFER_FAILED: entry(
    500,
    true,
    'what was said before could not be put together; it is tried again with the next prompt',
  ),
  SETTINGS_NOT_APPLIED: entry(502, false, 'the provider answered with other settings than were asked for'),
  START_REFUSED: entry(502, true, 'the provider refused the prompt'),
  START_TIMED_OUT: entry(504, true, 'the provider did not start the turn in time'),
  NOT_DELIVERED: entry(502, true, 'the prompt had not reached the provider; it is back in the queue'),
  STALLED: entry(504, true, 'the provider was silent for too long'),
  INTERRUPT_TIMED_OUT: entry(504, true, 'the provider did not answer an interrupt'),
  STEER_REFUSED: entry(409, true, 'the provider refused the steer; it is at the head of the queue'),
  STEER_TIMED_OUT: entry(504, false, 'the provider did not answer a steer'),
  ANSWER_UNDELIVERED: entry(502, true, 'the answer did not reach the provider; it can be sent again'),
  SERVER_RESTARTED: entry(503, true, 'the server ended while the turn ran'),
  RECORDING_OVER: entry(409, false, 'the recording that is played has no further turn'),
  CHECKPOINT_FAILED: entry(500, true, 'the files of the workspace could not be captured'),
  CHECKPOINT_TIMED_OUT: entry(504, true, 'capturing the files of the workspace took too long'),
  RESTORE_TIMED_OUT: entry(504, true, 'putting files back took too long; the conversation is as it was'),
  // the provider's own
  PROVIDER_ERROR: entry(502, false, 'the provider reported an error of no known class'),
  PROVIDER_UNAUTHORIZED: entry(401, false, 'the provider is not logged in or refuses the key'),
  PROVIDER_RATE_LIMITED: entry(429, true, 'the provider limits requests for now'),
  PROVIDER_QUOTA_EXCEEDED: entry(402, false, 'the account has no quota left'),
  PROVIDER_OVERLOADED: entry(503, true, 'the provider is overloaded'),
  PROVIDER_UNREACHABLE: entry(502, true, 'the provider cannot reach its model endpoint'),
  PROVIDER_BAD_REQUEST: entry(400, false, 'the provider refuses the request as it is'),
  PROVIDER_MODEL_NOT_FOUND: entry(404, false, 'the model is not known to the provider'),
  PROVIDER_CONTEXT_EXCEEDED: entry(413, false, 'the conversation is longer than the model takes'),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERRORS;

// the keys of a literal are known, but `Object.keys` forgets them
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const errorCodeSchema = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** What a server calls an error: a code that this release does not know, or none, is INTERNAL. */
export const knownCode = (code: unknown): ErrorCode => errorCodeSchema.safeParse(code).data ?? 'INTERNAL';

/** What kind of thing went wrong, for icons and retries. */
export const failureClassSchema = z.enum(['provider', 'transport', 'permission', 'validation', 'internal']);

/** Plain data of a failure: in facts, on the wire and in the log (an `Error` does not survive JSON). */
export const failureSchema = z.object({
  code: errorCodeSchema,
  /** What was tried and what came back; lower case, no full stop, at most 4,096 characters. */
  message: z.string().max(4096),
  class: failureClassSchema.default('provider'),
  retryable: z.boolean(),
  /** The provider's own word for it, where it has one. */
  providerCode: z.string().max(128).optional(),
});
export type Failure = z.infer<typeof failureSchema>;

/** Makes a failure with the catalogue's `retryable`. */
export function failure(code: ErrorCode, message: string, more: Partial<Failure> = {}): Failure {
  const { retryable, meaning } = ERRORS[code];
  return { code, class: 'internal', retryable, ...more, message: (message || meaning).slice(0, 4096) };
}

/** By what they say: a failure that went through the journal is another object. */
export function isSameFailure(left: Failure | null, right: Failure | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.code === right.code &&
    left.message === right.message &&
    left.class === right.class &&
    left.retryable === right.retryable &&
    left.providerCode === right.providerCode
  );
}

/** The only error that our code throws. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    more: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
  }
}

/** Any thrown thing as a failure; what is not ours is `INTERNAL`. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof RuntimeError) return failure(thrown.code, thrown.message);
  return failure('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown));
}
