import { describe, expect, it } from 'vitest';
import { failure } from '../../../../machines/domain/error.ts';
import { itemIdSchema, turnIdSchema } from '../../../../machines/domain/ids.ts';
import type { ItemRow } from '../../../../machines/domain/item.ts';
import type { RequestBody } from '../../../../machines/domain/request.ts';
import type { MachineState } from '../../../../machines/domain/snapshot.ts';
import { askedBy, whyOf, type WhySource } from '../../../../machines/domain/why.ts';
import { requestRowOf, threadRowOf, turnRowOf } from '../../../helpers/why-rows.ts';

const BEGUN_AT = 1_000_000;
const turn = turnRowOf('T1', { begunAt: BEGUN_AT });

const PROMPT = { turnId: turnIdSchema.parse('Q1'), text: 'next', attachments: [], failure: null };

const machine = (more: Partial<MachineState>): MachineState => ({
  status: 'running',
  activeTurnId: turn.turnId,
  value: { bound: { working: 'running' } },
  tags: ['busy', 'running'],
  can: ['turn.interrupt', 'thread.stop'],
  children: { connection: 'open', turn: { live: 'streaming' } },
  timers: [],
  closing: null,
  ...more,
});
const source = (more: Partial<WhySource> = {}): WhySource => ({
  thread: threadRowOf({ status: 'running', activeTurnId: turn.turnId }),
  machine: machine({}),
  turn,
  items: [],
  requests: [],
  queue: { status: 'flowing', reason: null, entries: [] },
  ...more,
});
const notice = (topic: string, updatedAt: number): ItemRow => ({
  itemId: itemIdSchema.parse(topic),
  body: { kind: 'notice', tone: 'error', topic },
  text: 'reconnecting 2/5\nstream error',
  status: 'completed',
  ordinal: 1,
  turnId: null,
  attempt: 1,
  createdAt: updatedAt,
  updatedAt,
});

describe('why', () => {
  it('tells the retries of a provider until something else comes', () => {
    const retry = notice('provider.retrying', BEGUN_AT + 5);
    expect(whyOf(source({ items: [retry] }), null)[0].what).toBe('codex tries again: reconnecting 2/5');
    const later = notice('else', BEGUN_AT + 6);
    expect(whyOf(source({ items: [retry, later] }), null)[0].what).toBe('codex works on the turn');
    const ofBefore = notice('provider.retrying', BEGUN_AT - 1);
    expect(whyOf(source({ items: [ofBefore] }), null)[0].what).toBe('codex works on the turn');
  });

  it('has general words for a state that it does not know, and still its deadline', () => {
    const timers = [
      { name: 'interrupt.timedOut', owner: 'turn', armedAt: 1, dueAt: 2, idle: false } as const,
    ];
    const unknown = machine({
      children: { connection: 'open', turn: { live: { deeper: 'dancing' } } },
      timers,
    });
    const [first] = whyOf(source({ machine: unknown }), null);
    expect(first).toMatchObject({
      what: 'codex works on the turn',
      endedBy: { timer: 'interrupt.timedOut' },
    });
    const [broken] = whyOf(source({ machine: machine({ children: { turn: 7 } }) }), null);
    expect(broken.what).toBe('codex works on the turn');
  });

  it('says of a quarantined thread what is wrong with it', () => {
    const lastError = failure('INTERNAL', 'entry 7 gave other facts');
    const quarantined = machine({
      value: 'quarantined',
      tags: ['quarantined'],
      children: {},
      can: ['thread.delete'],
    });
    const [only, ...rest] = whyOf(
      source({ machine: quarantined, thread: threadRowOf({ status: 'error', lastError }) }),
      null,
    );
    expect(only).toMatchObject({ from: 'person', canDo: ['thread.delete'] });
    expect(only.what).toContain('entry 7 gave other facts');
    expect(rest).toEqual([]);
  });

  it('advises on a failure by its code, and else by whether it can be tried again', () => {
    const adviceOn = (code: 'PROVIDER_UNAUTHORIZED' | 'PROVIDER_OVERLOADED' | 'PROVIDER_ERROR') => {
      const thread = threadRowOf({ status: 'error', lastError: failure(code, '') });
      const atRest = machine({ status: 'error', tags: ['error', 'settled'], children: {} });
      return whyOf(source({ thread, machine: atRest }), null)[0].advice;
    };
    expect(adviceOn('PROVIDER_UNAUTHORIZED')).toContain('log in');
    expect(adviceOn('PROVIDER_OVERLOADED')).toContain('sent again');
    expect(adviceOn('PROVIDER_ERROR')).toBeNull();
  });

  const armed = (name: string, idle = false) =>
    ({ name, owner: 'thread', armedAt: 1, dueAt: 2, idle }) as const;
  const queue: WhySource['queue'] = {
    status: 'flowing',
    reason: null,
    entries: [{ ...PROMPT, intent: 'next' }],
  };
  const atRest: Partial<MachineState> = {
    status: 'ready',
    activeTurnId: null,
    children: {},
    tags: ['ready'],
  };
  const wordsOf = (more: Partial<MachineState>, rest: Partial<WhySource> = {}): string[] =>
    whyOf(source({ machine: machine(more), ...rest }), null).map(({ from, what, endedBy }) =>
      [from, what, ...(endedBy === null ? [] : [endedBy.timer])].join(' | '),
    );

  it.each<[string, Partial<MachineState>, string[]]>([
    [
      'its working tree',
      { ...atRest, value: 'preparing', timers: [armed('worktree.timedOut')] },
      [
        'server | the working tree of the thread is being made and set up | worktree.timedOut',
        'server | a prompt waits until the working tree is ready',
      ],
    ],
    [
      'its files on the way back',
      { ...atRest, value: 'restoring', timers: [armed('restore.timedOut')] },
      [
        'server | the thread goes back to an earlier turn: its files are being put back | restore.timedOut',
        'server | a prompt waits until the files are put back',
      ],
    ],
    [
      'the session to close on the way back',
      {
        ...atRest,
        children: { connection: 'closing' },
        closing: 'rollback',
        timers: [armed('connection.closeTimedOut')],
      },
      [
        'provider | the thread goes back to an earlier turn: the provider closes the session | connection.closeTimedOut',
        'provider | a prompt waits until the session is closed',
      ],
    ],
  ])('says that a thread without a turn waits for %s', (_, more, words) => {
    expect(wordsOf(more, { queue })).toEqual(words);
  });

  it.each<[string, Partial<MachineState>, string]>([
    [
      'what is carried',
      { timers: [armed('handOver.timedOut')] },
      'server | what was said before is being put together, to go with the prompt | handOver.timedOut',
    ],
    [
      'a capture',
      { timers: [armed('checkpoint.timedOut')] },
      'server | what the last turn left in the files is being captured before the prompt goes out | checkpoint.timedOut',
    ],
    [
      'a turn of the provider’s own',
      {
        children: { connection: 'open', turn: { handing: 'sent' } },
        timers: [armed('turn.startTimedOut', true)],
      },
      'provider | codex ends a turn of its own making before it takes the prompt | turn.startTimedOut',
    ],
  ])('says that a prompt waits for %s', (_, more, words) => {
    expect(wordsOf({ children: { connection: 'open', turn: 'waiting' }, ...more })).toEqual([words]);
  });

  it('tells whose turn runs, and what goes on beside it', () => {
    const of = (origin: 'provider' | 'compaction') =>
      wordsOf({ timers: [armed('checkpoint.timedOut')] }, { turn: { ...turn, origin } });
    const beside = 'server | the files of the workspace are being captured | checkpoint.timedOut';
    expect(of('provider')).toEqual(['provider | codex works on a turn of its own making', beside]);
    expect(of('compaction')).toEqual(['provider | codex shortens the conversation', beside]);
  });

  it('does not call a failed turn what is none', () => {
    const thread = threadRowOf({ status: 'error', lastError: failure('WORKTREE_SETUP_FAILED', 'exit 1') });
    const [first] = whyOf(source({ thread, machine: machine({ ...atRest, status: 'error' }) }), null);
    expect(first.what).toBe('the working tree could not be set up (WORKTREE_SETUP_FAILED: exit 1)');
    expect(first.advice).toContain('setup command');
    const back = { thread: threadRowOf({}), turn: { ...turn, status: 'rolledBack' } } as const;
    expect(wordsOf(atRest, back)).toEqual(['person | the thread went back to before the last turn']);
  });

  it('does not ask for an answer that no turn takes any more', () => {
    const requests = [requestRowOf('R1', 'open'), requestRowOf('R2', 'open', { owner: 'connection' })];
    const interrupting = machine({ children: { connection: 'open', turn: { live: 'interrupting' } } });
    const told = whyOf(source({ machine: interrupting, requests }), null).map(({ requestId }) => requestId);
    expect(told).toEqual([null, 'R2']);
  });

  it.each<[RequestBody, string]>([
    [{ kind: 'file-read', paths: ['a', 'b'] }, 'may it read a, b'],
    [{ kind: 'file-change', paths: ['a'] }, 'may it change a'],
    [{ kind: 'tool', tool: 'search', server: 'docs' }, 'may it use docs/search'],
    [{ kind: 'command', command: 'make\nrun' }, 'may it run make'],
  ])('puts a request in a line: %j', (body, text) => {
    expect(askedBy({ body, reason: undefined })).toBe(text);
    expect(askedBy({ body, reason: 'to build\nit' })).toBe(`${text} (to build)`);
  });
});
