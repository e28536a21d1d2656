/**
 * Everything that a provider's session can tell of itself reaches clients: as an item, of its own kind or a notice with
 * topic and tone, or as a fact that says it. Row by row the kinds of activity that clients of such systems show.
 */
import { describe, expect, it } from 'vitest';
import { DETAIL_LENGTH, type ItemBody } from '../../machines/domain/item.ts';
import { requestBodySchema, type RequestBody } from '../../machines/domain/request.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import { fires, given, type Cue, type Outcome } from '../helpers/given.ts';
import {
  asked,
  began,
  closeFailed,
  finished,
  handed,
  interrupt,
  item,
  lost,
  opened,
  openFailed,
  plan,
  refused,
  resolved,
  respond,
  running,
  runningNative,
  STOP,
  steerRefused,
  submit,
  usage,
  WARNED,
} from '../helpers/inputs.ts';
import { guardIs, withoutAction } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';

const IDLE = [...running('a'), ...finished('a')];
const told = (body: ItemBody, kind: 'Started' | 'Updated' | 'Completed', status?: 'failed'): ThreadInput =>
  item(kind, 'a', { id: 'i', body, text: 'x', ...(status && { status }) });
const askedFor = (body: RequestBody): ThreadInput => {
  const input = asked('a', 'r');
  return input.type === 'provider.requestOpened' ? { ...input, request: { ...input.request, body } } : input;
};
const TASK: ItemBody = { kind: 'task', title: 'look around' };
const COMMAND: ItemBody = { kind: 'command', command: 'ls' };
const notice = (tone: 'info' | 'error', topic: string): ItemBody => ({ kind: 'notice', tone, topic });
const ITEM_KINDS: readonly ItemBody[] = [
  COMMAND,
  { kind: 'file_change', changes: [] },
  { kind: 'tool_call', tool: 't' },
  { kind: 'web_search', query: 'q' },
];
const QUESTION: RequestBody = {
  kind: 'question',
  questions: [{ questionId: 'q', header: '', question: '?', options: [], allowsText: true }],
};
const APPROVALS: readonly RequestBody[] = [
  { kind: 'command', command: 'make' },
  { kind: 'file-read', paths: ['f'] },
  { kind: 'file-change', paths: ['f'] },
  { kind: 'tool', tool: 't' },
];

/** What clients are told: the type of the fact, with the kind, tone, topic and status of an item. */
function shown({ facts }: Outcome): string[] {
  return facts.map((fact) => {
    if (fact.type === 'request.opened') return `${fact.type} ${fact.request.body.kind}`;
    if (!('item' in fact)) return fact.type;
    const { body, status } = fact.item;
    const what = body.kind === 'notice' ? `${body.tone} ${body.topic}` : body.kind;
    return `${fact.type} ${what} ${status}`;
  });
}

type Row = readonly [activity: string, before: readonly Cue[], when: Cue, shown: string];

const ROWS: readonly Row[] = [
  ...APPROVALS.map((body): Row => [
    `approval.requested (${body.kind})`,
    running('a'),
    askedFor(body),
    `request.opened ${body.kind}`,
  ]),
  ['approval.resolved', [...running('a'), asked('a', 'r'), respond('r')], resolved('r'), 'request.closed'],
  ['user-input.requested', running('a'), askedFor(QUESTION), 'request.opened question'],
  ['user-input.resolved', [...running('a'), askedFor(QUESTION)], resolved('r'), 'request.closed'],
  [
    'runtime.error',
    running('a'),
    told({ kind: 'error', code: 'PROVIDER_ERROR', retryable: false }, 'Completed', 'failed'),
    'item.completed error failed',
  ],
  [
    'runtime.warning of the provider',
    running('a'),
    told(notice('info', 'provider.warning'), 'Completed'),
    'item.completed info provider.warning completed',
  ],
  ['runtime.warning of the server', IDLE, WARNED, 'item.completed info a.warning completed'],
  ['turn.plan.updated', running('a'), plan('a'), 'plan.updated'],
  ['task.started', running('a'), told(TASK, 'Started'), 'item.started task open'],
  ['task.progress', running('a'), told(TASK, 'Updated'), 'item.updated task open'],
  ['task.completed', running('a'), told(TASK, 'Completed'), 'item.completed task completed'],
  ['task.completed (failed)', running('a'), told(TASK, 'Completed', 'failed'), 'item.completed task failed'],
  [
    'context-compaction',
    running('a'),
    told({ kind: 'compaction' }, 'Completed'),
    'item.completed compaction completed',
  ],
  ['context-window.updated', running('a'), usage(), 'usage.updated'],
  ...ITEM_KINDS.flatMap((body): Row[] => [
    [`tool.started (${body.kind})`, running('a'), told(body, 'Started'), `item.started ${body.kind} open`],
    [`tool.updated (${body.kind})`, running('a'), told(body, 'Updated'), `item.updated ${body.kind} open`],
    [
      `tool.completed (${body.kind})`,
      running('a'),
      told(body, 'Completed'),
      `item.completed ${body.kind} completed`,
    ],
  ]),
  [
    'provider.session.stop.failed',
    [...IDLE, STOP],
    closeFailed(),
    'item.completed error stop.failed completed',
  ],
  ['provider.turn.start.failed', handed('a'), refused('a'), 'item.completed error start.failed completed'],
  [
    'provider.turn.interrupt.failed',
    [...running('a'), interrupt()],
    fires('interrupt.timedOut'),
    'item.completed error interrupt.failed completed',
  ],
  [
    'provider.approval.respond.failed',
    [...running('a'), asked('a', 'r'), respond('r')],
    fires('request.deliveryTimedOut:r'),
    'request.undeliverable',
  ],
];

describe('every kind of activity reaches clients', () => {
  it.each(ROWS)('%s', (...[, before, when, line]) => {
    expect(shown(given(before).when(when))).toContain(line);
  });

  it('has a row for every kind of request', () => {
    const kinds = requestBodySchema.options.map(({ shape }) => shape.kind.value);
    const inRows = ROWS.map(([, , , line]) => line);
    expect(kinds.filter((kind) => !inRows.includes(`request.opened ${kind}`))).toEqual([]);
  });
});

describe('what could not be done is a notice of the transcript', () => {
  rule('a stop that failed', {
    given: [...IDLE, STOP],
    when: [closeFailed()],
    holds: (is) =>
      expect([is.notices, is.status, is.lastError]).toEqual([['stop.failed'], 'ready', 'CLOSE_FAILED']),
    without: { 'the note': withoutAction('thread', 'noteKept') },
  });

  rule('a start that the provider refused', {
    given: handed('a'),
    when: [refused('a')],
    holds: (is) => expect([is.notices, is.end('a')]).toEqual([['start.failed'], 'failed START_REFUSED']),
    without: { 'the end': withoutAction('thread', 'endTurn') },
  });

  rule('a session that could not be opened', {
    given: [submit('a')],
    when: [openFailed()],
    holds: (is) => expect(is.notices).toEqual(['start.failed']),
    without: { 'the end': withoutAction('thread', 'endTurn') },
  });

  rule('a connection that was lost, in a turn and without one', {
    given: [...running('a')],
    when: [lost(), submit('b'), opened(2), ...finished('b', 'completed', { on: 2 }), lost(2)],
    holds: (is) => expect(is.notices).toEqual(['turn.failed', 'connection.lost']),
    without: { 'the note': withoutAction('thread', 'noteGone') },
  });

  rule('a steer that came back', {
    given: [...runningNative('a'), submit('s', 'steer')],
    when: [steerRefused('a', 's')],
    holds: (is) => expect([is.notices, is.queue]).toEqual([['steer.failed'], 'flowing: s']),
    without: { 'the return': withoutAction('thread', 'returnSteer') },
  });

  rule('a warning of the server', {
    when: [WARNED],
    holds: (is) => expect(is.notices).toEqual(['a.warning']),
    without: { 'the warning': withoutAction('thread', 'sayWarned') },
  });

  rule('what the provider has said itself is not said again, nor what a person has asked for', {
    given: running('a'),
    when: [...finished('a', 'failed'), submit('b'), began('s'), interrupt(), ...finished('b', 'interrupted')],
    holds: (is) => expect([is.end('a'), is.notices]).toEqual(['failed PROVIDER_ERROR', []]),
    without: { 'the end of the turn': withoutAction('thread', 'endTurn') },
  });
});

describe('what is told is bounded', () => {
  const long = 'x'.repeat(10_000);
  const textOf = (body: ItemBody): number => {
    const { stage } = given(running('a'));
    stage.take(item('Completed', 'a', { id: 'i', body, text: long }));
    return [...stage.tables.items.values()].at(-1)?.text.length ?? 0;
  };

  it('cuts the details of notices, errors and what is not known, and no other text', () => {
    expect(textOf(notice('info', 'a'))).toBe(DETAIL_LENGTH);
    expect(textOf({ kind: 'error', code: 'x', retryable: false })).toBe(DETAIL_LENGTH);
    expect(textOf({ kind: 'unrecognized', method: 'm' })).toBe(DETAIL_LENGTH);
    expect(textOf({ kind: 'assistant_message' })).toBe(long.length);
    expect(textOf(COMMAND)).toBe(long.length);
  });

  it('cuts titles', () => {
    const { stage } = given(running('a'));
    stage.take(item('Completed', 'a', { id: 'i', body: { kind: 'task', title: long } }));
    expect([...stage.tables.items.values()].at(-1)?.body).toEqual({ kind: 'task', title: 'x'.repeat(200) });
  });
});

describe('the usage', () => {
  rule('a report that counts nothing is no news', {
    given: running('a'),
    when: [usage(1, 0)],
    holds: (is) => expect([is.answer, is.said()]).toEqual(['ignored', []]),
    without: { 'the look at the counts': guardIs('thread', 'isMyUsage', true) },
  });
});
