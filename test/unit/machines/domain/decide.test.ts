/** Every code by which a chart-side decision refuses a command; what each rule means is in `test/rules`. */
import { describe, expect, it } from 'vitest';
import { attachmentIdSchema, itemIdSchema } from '../../../../machines/domain/ids.ts';
import { canTake, decide } from '../../../../machines/domain/decide.ts';
import { TASK_LIMIT } from '../../../../machines/domain/task.ts';
import { ERRORS, type ErrorCode } from '../../../../machines/domain/error.ts';
import { threadInputSchema, type ThreadInput } from '../../../../machines/domain/input.ts';
import type { RequestRow } from '../../../../machines/domain/request.ts';
import { route } from '../../../../machines/domain/route.ts';
import { given, type Cue } from '../../../helpers/given.ts';
import {
  ARCHIVE,
  asked,
  began,
  cancel,
  DELETE,
  ended,
  finished,
  implemented,
  inactive,
  interrupt,
  delegated,
  mergeBack,
  item,
  promote,
  promptOf,
  respond,
  retry,
  running,
  submit,
  THREAD,
} from '../../../helpers/inputs.ts';

const ASKED = [...running('a'), asked('a', 'r')];
const numberAsked = threadInputSchema.parse({
  ...asked('a', 'r'),
  request: {
    requestId: 'r',
    nativeRequestId: '0',
    body: {
      kind: 'question',
      questions: [{ questionId: 'q', header: '', question: '', options: [], format: 'number' }],
    },
    decisions: [],
  },
});
const answered = (text: string): ThreadInput =>
  ({ ...respond('r'), answer: { answers: { q: [text] } } }) as ThreadInput;
const withImage: ThreadInput = {
  type: 'turn.submit',
  mode: 'start',
  expected: null,
  prompt: promptOf('b', { attachments: [attachmentIdSchema.parse('img')] }),
};
const plan = { id: 'p', body: { kind: 'plan' } } as const;
const withPlan: ThreadInput = {
  type: 'turn.submit',
  mode: 'start',
  expected: null,
  prompt: promptOf('b', { sourcePlan: { threadId: THREAD, itemId: itemIdSchema.parse('p') } }),
};
const PLANNED = [...running('a'), item('Completed', 'a', plan), ...finished('a'), implemented('p')];
const full = [...running('a'), ...Array.from({ length: 100 }, (_, index) => submit(`q${index}`, 'queue'))];

const manyTasks = [
  ...running('a'),
  ...Array.from({ length: TASK_LIMIT }, (_, index) => delegated(`k${index}`)),
];

const REFUSALS: readonly [ErrorCode, readonly Cue[], ThreadInput][] = [
  ['THREAD_BUSY', running('a'), submit('b')],
  ['THREAD_ARCHIVED', [ARCHIVE], submit('b')],
  ['THREAD_DELETED', [DELETE], submit('b')],
  ['TURN_NOT_ACTIVE', running('a'), interrupt('x')],
  ['TURN_ENDING', [...running('a'), interrupt()], submit('b', 'steer')],
  ['TURN_NOT_RETRYABLE', [], retry('b')],
  ['QUEUE_FULL', full, submit('b', 'queue')],
  ['QUEUE_ENTRY_NOT_FOUND', [], cancel('x')],
  ['REQUEST_NOT_FOUND', running('a'), respond('x')],
  ['REQUEST_CLOSED', [...ASKED, ended('a')], respond('r')],
  ['REQUEST_BEING_ANSWERED', [...ASKED, respond('r')], respond('r')],
  ['DECISION_NOT_OFFERED', ASKED, respond('r', 'cancel')],
  ['ANSWER_INVALID', [...running('a'), numberAsked], answered('many')],
  ['CAPABILITY_UNSUPPORTED', [], withImage],
  ['THREAD_NOT_FORKED', [], mergeBack('t2', 1)],
  ['TASK_LIMIT', manyTasks, delegated('more')],
  ['PLAN_NOT_FOUND', [], withPlan],
  ['PLAN_IMPLEMENTED', [...PLANNED], withPlan],
];

/** Codes of commands that another part of the server finds out. */
const ELSEWHERE: readonly ErrorCode[] = [
  'COMMAND_CONFLICT',
  'THREAD_NOT_FOUND',
  'THREAD_EXISTS',
  'THREAD_NOT_DELETED',
  'THREAD_QUARANTINED',
  'TURN_NOT_COMPLETED',
  'NO_COMPLETED_TURN',
  'NOTHING_TO_MERGE',
  'REQUEST_NOT_EXPIRED',
  'INSTANCE_NOT_FOUND',
  'INSTANCE_UNAVAILABLE',
  'WORKSPACE_NOT_FOUND',
  'ATTACHMENT_NOT_FOUND',
  'GIT_FAILED',
  'CHECKPOINT_LOST',
  'TURN_NOT_FOUND',
  'NOTHING_TO_ROLL_BACK',
  'CHECKPOINT_MISSING',
  'WORKTREE_FAILED',
  'WORKTREE_SETUP_FAILED',
  'WORKTREE_TIMED_OUT',
  'TASK_NOT_FOUND',
  'TASK_NOT_ALLOWED',
  'TASK_TOO_DEEP',
  'ITEM_NOT_FOUND',
  'ENTRY_NOT_FOUND',
  'SUBSCRIPTION_NOT_FOUND',
];

describe('decide', () => {
  it.each(REFUSALS)('refuses with %s', (code, before, input) => {
    const outcome = given(before).when(input);
    expect(outcome.answer).toBe(code);
    expect(outcome.taken[0]?.refusal?.why).toMatch(/^[^A-Z].+[^.]$/);
  });

  it('has a test for every code that it can refuse a command with', () => {
    const codes = Object.keys(ERRORS);
    const ofCommands = codes.slice(codes.indexOf('COMMAND_CONFLICT'), codes.indexOf('CONNECTION_LOST'));
    const known = new Set<string>([...REFUSALS.map(([code]) => code), ...ELSEWHERE]);
    expect(ofCommands.filter((code) => !known.has(code))).toEqual([]);
  });

  it('names the decisions that a request offers', () => {
    const { refusal } = given(ASKED).stage.take(respond('r', 'cancel'));
    expect(refusal?.details).toEqual({ decisions: ['accept', 'decline'] });
  });

  it('takes answers to the questions that were asked, and to no others', () => {
    const { stage } = given(ASKED);
    const row = [...stage.tables.requests.values()][0];
    if (row === undefined) throw new Error('no request');
    const questions = [{ questionId: 'q', header: '', question: '?', options: [], allowsText: true }];
    const request: RequestRow = { ...row, decisions: [], body: { kind: 'question', questions } };
    const answer = (id: string): ThreadInput =>
      ({ ...respond('r'), answer: { answers: { [id]: ['x'] } } }) as ThreadInput;
    expect(decide(stage.view, answer('q'), { request, plan: null })).toBeNull();
    expect(decide(stage.view, answer('p'), { request, plan: null })?.code).toBe('DECISION_NOT_OFFERED');
    expect(decide(stage.view, respond('r'), { request, plan: null })?.code).toBe('DECISION_NOT_OFFERED');
  });

  it('lets nothing through that no child can take, though the root can', () => {
    const { stage } = given([...running('a'), interrupt()]);
    const steer = submit('b', 'steer');
    expect([stage.view.root.can(steer), canTake(stage.view, steer)]).toEqual([true, false]);
  });
});

describe('route', () => {
  const context = given([...running('a'), submit('q', 'queue')]).stage.context;

  it.each<[string, ThreadInput, string | null]>([
    ['a steer', submit('b', 'steer'), 'turn'],
    ['a start', submit('b'), null],
    ['a promoted entry', promote('q'), 'turn'],
    ['an unknown entry', promote('x'), null],
    ['an end of the active turn', ended('a'), 'turn'],
    ['an end of another turn', ended('x'), null],
    ['an end without a turn', ended(null), null],
    ['a turn of the provider', began('s'), null],
    ['a request of the turn', asked('a', 'r'), 'turn'],
    ['a request of the connection', asked('s', 'r', { owner: 'connection' }), 'connection'],
    ['an answer', respond('r', 'accept', 'connection'), 'connection'],
    ['an inactive state', inactive('ready'), 'turn'],
    ['a lost connection', { type: 'connection.lost' } as ThreadInput, 'connection'],
    ['a stop', { type: 'thread.stop' }, null],
  ])('%s', (_, input, child) => {
    expect(route(input, context).child).toBe(child);
  });

  it('gives an inactive state to the root while side turns run, which end by it', () => {
    const { stage } = given([...running('a'), began('s')]);
    expect(route(inactive('ready'), stage.context).child).toBeNull();
  });

  it('is total: a thread without a turn routes to no turn', () => {
    const { stage } = given([...running('a'), ...finished('a')]);
    expect(route(ended('a'), stage.context).child).toBeNull();
  });
});
