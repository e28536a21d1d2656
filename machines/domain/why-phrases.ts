/** The words for each state of a turn, a connection and a thread at rest. */
import { ERRORS, type ErrorCode, type Failure } from './error.ts';
import type { InstanceRow } from './instance.ts';
import type { Deadline, MachineState } from './snapshot.ts';
import type { HoldReason, InterruptReason, Origin, TurnRow } from './turn.ts';

/** What is said of a state. */
export interface Phrase {
  readonly what: string;
  readonly from: 'person' | 'provider' | 'server' | 'nobody';
  /** The first of them that is armed ends the state. */
  readonly timers: readonly string[];
  /** What happens when that one is due. */
  readonly outcome: string;
  readonly canDo: readonly string[];
}

interface Names {
  /** The instance's id. */
  readonly agent: string;
  readonly instance: InstanceRow | null;
  /** Whose turn it is; left out: a person's. */
  readonly origin?: Origin;
}

const STEER = ['turn.submit:steer', 'turn.submit:queue'];
const END = ['turn.interrupt', 'thread.stop'];
const LATER = ['turn.submit:start', 'turn.submit:queue'];
const AGAIN = ['turn.submit:start', 'turn.retry', 'thread.delete'];

type PhraseOf = (names: Names) => Phrase;

const phrase =
  (what: (names: Names) => string, rest: Omit<Phrase, 'what' | 'from'>): PhraseOf =>
  (names) => ({ what: what(names), from: 'provider', ...rest });

/** By the state of the turn's chart. */
const TURN: Readonly<Record<string, PhraseOf>> = {
  waiting: phrase(opening, {
    timers: ['connection.openTimedOut'],
    outcome: 'the opening is given up and the turn fails',
    canDo: END,
  }),
  'handing.sent': phrase(({ agent }) => `${agent} has the prompt and has not begun the turn`, {
    timers: ['turn.startTimedOut'],
    outcome: 'the turn fails, and its connection is not used again',
    canDo: END,
  }),
  'handing.cancelling': phrase(
    ({ agent }) => `the turn is to be interrupted as soon as ${agent} has begun it`,
    {
      timers: ['turn.startTimedOut'],
      outcome: 'the turn ends as interrupted, and its connection is not used again',
      canDo: ['thread.stop'],
    },
  ),
  'live.streaming': phrase(working, {
    timers: ['turn.stalled'],
    outcome: 'the turn is interrupted because nothing came for too long',
    canDo: [...STEER, ...END],
  }),
  'live.awaiting': phrase(({ agent }) => `${agent} takes in an answer`, {
    timers: ['request.deliveryTimedOut'],
    outcome: 'the answer counts as not delivered and can be sent again',
    canDo: END,
  }),
  'live.steering': phrase(
    ({ agent }) => `a message was sent into the turn; ${agent} has not said that it came`,
    {
      timers: ['steer.timedOut'],
      outcome: 'the turn goes on, and the message is marked as unanswered',
      canDo: END,
    },
  ),
  'live.ending': phrase(
    ({ agent }) => `${agent} is to end this attempt, so that the turn goes on with the new message`,
    {
      timers: ['interrupt.timedOut'],
      outcome: 'the turn fails, and its connection is not used again',
      canDo: END,
    },
  ),
  'live.interrupting': phrase(({ agent }) => `${agent} was told to stop and has not said that it did`, {
    timers: ['interrupt.timedOut'],
    outcome: 'the turn is ended without the answer, and its connection is not used again',
    canDo: ['thread.stop'],
  }),
  'settling.flushing': (names) => ({ ...settling(names), from: 'server' }),
  'settling.answering': phrase(
    ({ agent }) => `the turn has ended; ${agent} has not said what became of the last message`,
    {
      timers: ['settle.timedOut'],
      outcome: 'the turn ends without the answer',
      canDo: [...LATER, 'thread.stop'],
    },
  ),
  reconciling: phrase(
    ({ agent }) => `the server ended while the prompt was handed over; ${agent} is asked what became of it`,
    { timers: ['lookUp.timedOut'], outcome: 'the turn ends as unknown', canDo: END },
  ),
};

const ofServer = (what: string, rest: Omit<Phrase, 'what' | 'from'>): Phrase => ({
  what,
  from: 'server',
  ...rest,
});

/** Of a turn whose connection is open, by the timer that bounds what its prompt waits for. */
const HELD_UP: readonly Phrase[] = [
  ofServer('what was said before is being put together, to go with the prompt', {
    timers: ['handOver.timedOut'],
    outcome: 'the prompt goes out without it, and the transcript says so',
    canDo: END,
  }),
  ofServer('what the last turn left in the files is being captured before the prompt goes out', {
    timers: ['checkpoint.timedOut'],
    outcome: 'the prompt goes out, and that turn has no checkpoint',
    canDo: END,
  }),
];

/** What a prompt waits for although its connection is open; `null`: for nothing. */
export const phraseOfHeldUp = (armed: Armed): Phrase | null => boundBy(HELD_UP, armed);

type Armed = readonly Pick<Deadline, 'name'>[];

const boundBy = (phrases: readonly Phrase[], armed: Armed): Phrase | null =>
  phrases.find(({ timers: [timer] }) => armed.some(({ name }) => name === timer)) ?? null;

/** Of a prompt that is handed over while the provider works on a turn of its own making. */
export const PAUSED = phrase(
  ({ agent }) => `${agent} ends a turn of its own making before it takes the prompt`,
  {
    timers: ['turn.startTimedOut'],
    outcome: 'the turn fails, and its connection is not used again',
    canDo: END,
  },
);

/** Of captures that nothing waits for. */
export const CAPTURING = ofServer('the files of the workspace are being captured', {
  timers: ['checkpoint.timedOut'],
  outcome: 'the turn goes without a checkpoint, and the transcript says so',
  canDo: [],
});

/** By the state of the thread's chart, where that is neither settled nor has a turn; the first is the usual one. */
const THREAD: Readonly<Record<string, readonly [Phrase, ...Phrase[]]>> = {
  preparing: [
    ofServer('the working tree of the thread is being made and set up', {
      timers: ['worktree.timedOut'],
      outcome: 'it is given up, and what waits is held; the next prompt tries again',
      canDo: [...LATER, 'thread.stop'],
    }),
  ],
  restoring: [
    ofServer('the thread goes back to an earlier turn: its files are being put back', {
      timers: ['restore.timedOut'],
      outcome: 'it is given up; the conversation stays as it was',
      canDo: [...LATER, 'thread.stop'],
    }),
    ofServer('the thread goes back to an earlier turn as soon as the files of the last one are captured', {
      timers: ['checkpoint.timedOut'],
      outcome: 'that turn goes without a checkpoint, and its files cannot be put back',
      canDo: [...LATER, 'thread.stop'],
    }),
  ],
};

/** The states of the thread's chart that have words of their own. */
export const THREAD_STATES: readonly string[] = Object.keys(THREAD);

/** What a thread without a turn waits for; `null`: it is settled. */
export function phraseOfThread(path: string, armed: Armed): Phrase | null {
  const phrases = THREAD[path];
  return phrases === undefined ? null : (boundBy(phrases, armed) ?? phrases[0]);
}

const settling = phrase(() => 'the turn has ended; what belongs to it is being written down', {
  timers: ['settle.timedOut'],
  outcome: 'the turn ends without the rest',
  canDo: [...LATER, 'thread.stop'],
});

/** What a later release of the server may call its states is not known here. */
const OTHER = phrase(({ agent }) => `${agent} works on the turn`, {
  timers: Object.values(TURN).flatMap((each) => each({ agent: '', instance: null }).timers),
  outcome: 'the thread goes on without it',
  canDo: END,
});

function working({ agent, origin = 'user' }: Names): string {
  if (origin === 'compaction') return `${agent} shortens the conversation`;
  return `${agent} works on ${origin === 'provider' ? 'a turn of its own making' : 'the turn'}`;
}

function opening({ agent, instance }: Names): string {
  if (instance?.state === 'ready') return `${agent} opens the session`;
  const tried = `${agent} could not be started (${instance?.reason ?? 'it does not say why'})`;
  if (instance?.state === 'unavailable') return `${tried} and is tried again`;
  return `${agent} is being started`;
}

/** What a turn waits for, by the state of its chart; a state that is not known here has general words. */
export const phraseOfTurn = (path: string, names: Names): Phrase => (TURN[path] ?? OTHER)(names);

/** The states of the turn's chart that have words of their own. */
export const TURN_STATES: readonly string[] = Object.keys(TURN);

const CLOSING: Readonly<Record<NonNullable<MachineState['closing']>, string>> = {
  stop: 'the thread is being stopped: the provider closes the session',
  idle: 'the provider closes the session, which nobody used for long',
  settings: 'the provider closes the session, which is resumed with the new settings',
  archive: 'the provider closes the session, because the thread was archived',
  delete: 'the thread is being deleted: the provider closes the session',
  rollback: 'the thread goes back to an earlier turn: the provider closes the session',
  switch: 'the thread goes on with another agent: the provider closes the session',
  suspect: 'the provider did not answer before and may still be at work: its session is being closed',
};

/** What a close waits for. */
export const phraseOfClose = (why: MachineState['closing']): Phrase => ({
  what: why === null ? 'the provider closes the session' : CLOSING[why],
  from: 'provider',
  timers: ['connection.closeTimedOut'],
  outcome:
    why === 'delete' || why === 'suspect' || why === 'settings'
      ? 'the session is ended by force'
      : 'the session stays open and the failure is shown; one that never opened is ended by force',
  canDo: why === 'delete' ? [] : LATER,
});

/** Why a queue is held, as a clause. */
export const HOLD_REASONS: Readonly<Record<HoldReason, string>> = {
  interrupted: 'the last turn was interrupted',
  failed: 'the last turn failed',
  absorbed: 'the last prompt was folded into another turn',
  unknown: 'it is not known what became of the last prompt',
  stopped: 'the thread was stopped',
  archived: 'the thread was archived',
  restarted: 'the server ended meanwhile',
  refused: 'the provider refused a message',
  background: 'work in the background goes on, and the provider would fold the prompt into what comes of it',
};

const REASONS: Readonly<Record<InterruptReason, string>> = {
  user: 'by a person',
  restart: 'for another prompt',
  stopped: 'because the thread was stopped',
  stalled: 'because nothing came for too long',
  provider: 'by the provider',
  'server-restarted': 'because the server ended',
};

type AtRest = (turn: TurnRow | null, lastError: Failure | null) => Phrase;

const atRest = (what: string, canDo: readonly string[]): Phrase => ({
  what,
  from: 'person',
  timers: [],
  outcome: '',
  canDo,
});
const told = (failure: Failure | null): string =>
  failure === null ? '' : ` (${failure.code}: ${failure.message})`;

function done(turn: TurnRow | null): string {
  if (turn === null) return 'no prompt has come yet';
  return turn.status === 'rolledBack'
    ? 'the thread went back to before the last turn'
    : 'the last turn is done';
}

/** Not all that fails is a turn. */
const FAILED: Readonly<Partial<Record<ErrorCode, string>>> = {
  WORKTREE_FAILED: 'the working tree could not be made',
  WORKTREE_SETUP_FAILED: 'the working tree could not be set up',
  WORKTREE_TIMED_OUT: 'the working tree could not be made in time',
  RESTORE_TIMED_OUT: 'the thread could not go back in time',
  CHECKPOINT_LOST: 'the thread could not go back',
  GIT_FAILED: 'the thread could not go back',
};
const failed = (failure: Failure | null): string =>
  (failure === null ? undefined : FAILED[failure.code]) ?? 'the last turn failed';

/** By the status of a thread without a turn. */
export const SETTLED: Readonly<Record<MachineState['status'], AtRest>> = {
  ready: (turn) => atRest(done(turn), ['turn.submit:start']),
  interrupted: (turn, lastError) => {
    const reason = turn?.reason ?? null;
    const why = reason === null ? '' : ` ${REASONS[reason]}`;
    return atRest(`the last turn was interrupted${why}${told(lastError)}`, AGAIN);
  },
  stopped: (_, lastError) => atRest(`the thread is stopped${told(lastError)}`, AGAIN),
  error: (_, lastError) => atRest(`${failed(lastError)}${told(lastError)}`, AGAIN),
  // without a turn a thread is in neither of them
  starting: () => atRest('a turn is to begin', END),
  running: () => atRest('a turn runs', END),
};

const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  PROVIDER_UNAUTHORIZED: "log in with the provider's own program, then send the prompt again",
  PROVIDER_RATE_LIMITED: 'wait until the limit is over, then send the prompt again',
  PROVIDER_QUOTA_EXCEEDED: 'the account needs more quota before anything is sent again',
  PROVIDER_MODEL_NOT_FOUND: 'set another model, then send the prompt again',
  PROVIDER_CONTEXT_EXCEEDED: 'compact the conversation or go on in a new thread',
  PROVIDER_BAD_REQUEST: 'change the prompt or the settings before it is sent again',
  PROVIDER_UNREACHABLE: 'look at the network and at the status of the provider, then send the prompt again',
  OPEN_FAILED: '`threadchart doctor` says what the provider lacks',
  OPEN_TIMED_OUT: '`threadchart doctor` says whether the provider starts at all',
  RESUME_FAILED: 'the next prompt begins a new conversation with the provider',
  WORKTREE_SETUP_FAILED: 'mend what the setup command says in its item; the next prompt runs it again',
  WORKTREE_FAILED: 'mend what git says; the next prompt tries again',
  CHECKPOINT_LOST: 'go back in the conversation only: `threadchart rollback --conversation-only`',
  SERVER_RESTARTED: 'look at what was done before the prompt is sent again: it may have been in part',
  CONNECTION_LOST: 'look at what was done before the prompt is sent again: it may have been in part',
  INTERNAL: 'the log of the server has the cause',
};

/** What a person has to do about a failure; `null`: nothing is known to help. */
export function failureAdvice(failure: Failure | null): string | null {
  if (failure === null) return null;
  const advice = ADVICE[failure.code];
  if (advice !== undefined) return advice;
  return ERRORS[failure.code].retryable ? 'the same prompt may succeed when it is sent again' : null;
}
