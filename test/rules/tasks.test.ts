/** What a thread has other threads do, and how it is told of it. */
import { describe, expect } from 'vitest';
import {
  acknowledged,
  began,
  closed,
  closeFailed,
  delegated,
  ended,
  finished,
  idled,
  interrupt,
  lost,
  running,
  settled,
  STOP,
  taskEnded,
} from '../helpers/inputs.ts';
import type { Outcome } from '../helpers/given.ts';
import { guardIs, withoutAction, withoutAlways, withoutTransition } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';

const WORKING = [...running('a'), delegated()];
const queued = ({ stage }: Outcome): string[] => stage.context.queue.entries.map(({ text }) => text);
const tasks = ({ stage }: Outcome): string[] =>
  stage.context.tasks.map(({ taskId, result }) => `${taskId} ${result?.outcome ?? 'under way'}`);
const foundIn = (texts: readonly string[]): boolean[] => texts.map((text) => text.includes('found'));

describe('a task of another thread', () => {
  rule('is told to that thread in the same transaction', {
    given: running('a'),
    when: [delegated()],
    holds: (is) => {
      expect(is.said('task.delegated')).toHaveLength(1);
      expect(is.did('tellThread')[0]).toMatch(/^tellThread threadId=child input=\(type=turn.submit/);
    },
    without: { 'the action': withoutAction('thread', 'delegate') },
  });

  rule('is given only while a turn goes on', {
    given: [...running('a'), ...finished('a')],
    when: [delegated()],
    holds: (is) => expect([is.answer, tasks(is)]).toEqual(['TURN_NOT_ACTIVE', []]),
    without: {},
  });

  rule('is not given by a turn whose thread is to be stopped', {
    given: [...running('a'), { type: 'thread.stop' }],
    when: [delegated()],
    holds: (is) => expect([is.answer, tasks(is)]).toEqual(['TURN_NOT_ACTIVE', []]),
    without: { 'the look at that': guardIs('thread', 'canDelegate', true) },
  });

  rule('can be given in a turn', {
    given: running('a'),
    when: [delegated()],
    holds: (is) => expect([is.answer, tasks(is)]).toEqual(['taken', ['k under way']]),
    without: {
      'the way': withoutTransition('thread', 'bound.working > task.delegate'),
      'the guard': guardIs('thread', 'canDelegate', false),
    },
  });

  rule('whose end comes while the thread works is told when that has settled, once', {
    given: WORKING,
    when: [taskEnded(), ...finished('a')],
    holds: (is) => {
      expect([is.active, tasks(is)]).toEqual(['k:0', []]);
      expect(is.said('task.told')).toHaveLength(1);
    },
    without: {
      'the noting': withoutAction('thread', 'noteTaskEnd'),
      'the way': withoutTransition('thread', ' > task.ended'),
      'the telling': withoutAlways('thread', 'bound.idle.ready', 0),
      'the words': withoutAction('thread', 'wake'),
      'the look': guardIs('thread', 'hasResults', false),
      'the look at the end': guardIs('thread', 'isUnderWay', false),
    },
  });

  rule('ends once', {
    given: [...WORKING, taskEnded()],
    when: [taskEnded()],
    holds: (is) => expect([is.answer, is.said('task.ended')]).toEqual(['ignored', []]),
    without: { 'the look at what is under way': guardIs('thread', 'isUnderWay', true) },
  });

  rule('is not told of where its result is known', {
    given: [...WORKING, taskEnded()],
    when: [acknowledged(), ...finished('a')],
    holds: (is) => expect([is.status, tasks(is), queued(is)]).toEqual(['ready', [], []]),
    without: {
      'the way': withoutTransition('thread', ' > task.acknowledge'),
      'the action': withoutAction('thread', 'acknowledge'),
    },
  });

  rule('does not wake a thread that a person has interrupted', {
    given: [...WORKING, taskEnded()],
    when: [interrupt(), ended('a', 'interrupted'), settled('a')],
    holds: (is) => {
      expect([is.status, foundIn(queued(is))]).toEqual(['interrupted', [true]]);
      expect(is.stage.context.queue).toMatchObject({ status: 'held', reason: 'interrupted' });
    },
    without: { 'the telling': withoutAlways('thread', 'bound.idle.interrupted', 0) },
  });

  rule('does not wake a thread whose turn has failed', {
    given: [...WORKING, taskEnded()],
    when: [ended('a', 'failed'), settled('a')],
    holds: (is) => {
      expect([is.status, foundIn(queued(is))]).toEqual(['error', [true]]);
      expect(is.stage.context.queue).toMatchObject({ status: 'held', reason: 'failed' });
    },
    without: { 'the telling': withoutAlways('thread', 'bound.idle.error', 0) },
  });

  rule('does not make the queue of an archived thread flow, where its provider goes on', {
    given: [...running('a'), ...finished('a'), { type: 'thread.archive' }, closeFailed(), began('p')],
    when: [delegated('k', { wake: 'always' }), taskEnded()],
    holds: (is) => {
      expect([is.active, foundIn(queued(is))]).toEqual(['p', [true]]);
      expect(is.stage.context.queue).toMatchObject({ status: 'held', reason: 'archived' });
    },
    without: { 'the words': withoutAction('thread', 'noteTaskEnd') },
  });

  const OUT = [idled(), closed()];
  const LATER = [
    ['ready', finished('a'), OUT, null],
    ['interrupted', [interrupt(), ...finished('a', 'interrupted')], OUT, 'interrupted'],
    ['stopped', [STOP, ...finished('a', 'interrupted')], [closed()], 'stopped'],
    ['error', finished('a'), [lost()], 'failed'],
  ] as const;
  for (const [status, end, away, reason] of LATER) {
    rule(
      `that ends when the thread is ${status} without a connection is told ${reason ? 'later' : 'at once'}`,
      {
        given: [...WORKING, ...end, ...away],
        when: [taskEnded()],
        holds: (is) => {
          const { queue } = is.stage.context;
          if (reason === null) expect([is.active, is.status]).toEqual(['k:0', 'starting']);
          else expect([is.status, foundIn(queued(is)), queue.reason]).toEqual([status, [true], reason]);
        },
        without: { 'the telling': withoutAlways('thread', `unbound.${status}`, 0) },
      },
    );
  }
});
