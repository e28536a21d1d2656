/** What a person can do about an error, by its code. */
import { ERRORS, type ErrorCode } from '../../../machines/domain/error.ts';

const ADVICE: Partial<Record<ErrorCode, string>> = {
  UNAUTHORIZED: 'Sign in with a new link: `threadchart console` prints one.',
  FORBIDDEN: 'This browser was signed in with a token that may not do that.',
  THREAD_BUSY: 'Wait for the turn to end, queue the prompt, or interrupt the turn.',
  THREAD_ARCHIVED: 'Unarchive the thread first.',
  THREAD_NOT_FOUND: 'It was deleted, or belongs to another server.',
  THREAD_QUARANTINED: 'Its journal cannot be read any further. It can be looked at and deleted.',
  TURN_NOT_ACTIVE: 'The turn has ended meanwhile. Send the prompt as a new one.',
  INSTANCE_UNAVAILABLE: 'Look at the agent: `threadchart doctor` says what is missing.',
  OPEN_FAILED: 'Look at the agent: `threadchart doctor` says what is missing.',
  WORKSPACE_NOT_FOUND: 'Choose a folder that exists.',
  REQUEST_CLOSED: 'Nothing is left to do: it has been answered, or the agent went on.',
  STALLED: 'Interrupt the turn, or retry it.',
  CONNECTION_LOST: 'Retry the turn: the agent is started again.',
  SERVER_RESTARTED: 'Retry the turn, or go on with a new prompt.',
  PROVIDER_UNAUTHORIZED: 'Log in to the agent in a terminal, then retry.',
  PROVIDER_CONTEXT_EXCEEDED: 'Compact the conversation, or go on in a new thread.',
  PROVIDER_QUOTA_EXCEEDED: 'Switch to another agent, or wait for the quota.',
  CHECKPOINT_MISSING: 'It can be done without putting files back.',
  CAPABILITY_UNSUPPORTED: 'This agent cannot do that; another one may.',
};

export function adviceOf(code: ErrorCode): string {
  const { retryable, meaning } = ERRORS[code];
  return ADVICE[code] ?? (retryable ? 'Trying again may help.' : `It means: ${meaning}.`);
}
