/** Threads that branch off, and what they bring back. */
import { describe, expect } from 'vitest';
import { threadIdSchema } from '../../machines/domain/ids.ts';
import { withTransfer } from '../../machines/thread-transfers.ts';
import {
  accepted,
  ARCHIVE,
  built,
  captured,
  closed,
  DELETE,
  ended,
  finished,
  lineageOf,
  fork,
  made,
  mergeBack,
  offered,
  opened,
  rollback,
  running,
  settled,
  submit,
  switchTo,
} from '../helpers/inputs.ts';
import type { Cue, Outcome } from '../helpers/given.ts';
import { actionIs, decidesBy, guardIs, withoutAction, withoutTransition } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';

const OFFER = { kind: 'merge-back', source: threadIdSchema.parse('t2'), after: 1, until: 2 } as const;
const isBuilt: Cue = ({ context }) => built(context.transfers[0]?.transferId ?? 'none');
const planned = ({ stage }: Outcome): string[] =>
  stage.context.transfers.map(({ kind, source, after, until }) => `${kind} ${source} ${after}-${until}`);

describe('a fork', () => {
  rule('a thread that is forked says so, and the new one is told in the same transaction', {
    given: [...running('a'), ...finished('a')],
    when: [fork('child')],
    holds: (is) => {
      expect(is.said()).toEqual(['thread.forked childId=child turnId=a']);
      expect(is.did('tellThread')[0]).toMatch(/^tellThread threadId=child input=\(type=thread.create/);
    },
    without: { 'the fork': withoutAction('thread', 'fork') },
  });

  rule('it can be forked while a turn runs, and archived, and goes on as it was', {
    given: [...running('a'), ...finished('a'), submit('b')],
    when: [fork('child')],
    holds: (is) => expect([is.answer, is.status, is.active]).toEqual(['taken', 'starting', 'b']),
    without: { 'the way': withoutTransition('thread', ' > thread.fork') },
  });

  rule('an archived thread can be forked', {
    given: [ARCHIVE],
    when: [fork('child')],
    holds: (is) => expect(is.answer).toBe('taken'),
    without: { 'the way': withoutTransition('thread', ' > thread.fork') },
  });

  rule('a deleted thread cannot', {
    given: [DELETE],
    when: [fork('child')],
    holds: (is) => expect([is.answer, is.said()]).toEqual(['THREAD_DELETED', []]),
    without: { 'the look at what is deleted': decidesBy(() => () => null) },
  });

  rule('what its provider cannot begin with is carried to it', {
    given: [],
    when: [offered('t2', { kind: 'fork', after: 0, until: 3 })],
    holds: (is) => {
      expect(planned(is)).toEqual(['fork t2 0-3']);
      expect(is.did('transfer.build')).toHaveLength(1);
    },
    without: { 'the offer': withoutAction('thread', 'noteOffer') },
  });
});

describe('what a fork brings back', () => {
  rule('it goes along with the next prompt', {
    when: [offered('t2'), isBuilt, submit('a'), opened(1), accepted('a')],
    holds: (is) => {
      expect(is.effects.flatMap((each) => (each.type === 'turn.start' ? each.transfers : []))).toHaveLength(
        1,
      );
      expect(is.said('transfer.consumed')).toHaveLength(1);
    },
    without: { 'the offer': withoutAction('thread', 'noteOffer') },
  });

  rule('it waits for the next prompt while one is at work', {
    given: running('a'),
    when: [offered('t2'), ...finished('a')],
    holds: (is) => expect([planned(is), is.status]).toEqual([['merge-back t2 1-2'], 'ready']),
    without: { 'the way in a bound thread': withoutTransition('thread', 'bound > transfer.offered') },
  });

  rule('it waits while the working tree of the thread is made', {
    inWorktree: true,
    given: [submit('a')],
    when: [offered('t2'), made(), isBuilt, opened(1)],
    holds: (is) => {
      expect(planned(is)).toEqual(['merge-back t2 1-2']);
      expect(is.effects.flatMap((each) => (each.type === 'turn.start' ? each.transfers : []))).toHaveLength(
        1,
      );
    },
    without: { 'the way': withoutTransition('thread', 'preparing > transfer.offered') },
  });

  rule('it waits while the files of the thread go back', {
    settings: { checkpoints: true },
    given: [
      ...running('a'),
      captured('a', 'before'),
      ...finished('a'),
      captured('a', 'after'),
      rollback({ to: null, ordinal: 0, gone: ['a'] }),
      closed(),
    ],
    when: [offered('t2')],
    holds: (is) => {
      expect(planned(is)).toEqual(['merge-back t2 1-2']);
      expect(is.value).toEqual(['restoring', undefined, undefined]);
    },
    without: { 'the way': withoutTransition('thread', 'restoring > transfer.offered') },
  });

  rule('more of the same fork takes its place, from where that began', {
    given: [offered('t2', { after: 1, until: 2 })],
    when: [offered('t2', { after: 2, until: 4 })],
    holds: (is) => {
      expect(planned(is)).toEqual(['merge-back t2 1-4']);
      expect(is.said('transfer.superseded')).toHaveLength(1);
    },
    without: { 'the offer': withoutAction('thread', 'noteOffer') },
  });

  rule('several forks wait beside each other', {
    given: [offered('t2')],
    when: [offered('t3')],
    holds: (is) => expect(planned(is)).toEqual(['merge-back t2 1-2', 'merge-back t3 1-2']),
    without: { 'the offer': withoutAction('thread', 'noteOffer') },
  });

  rule('a thread that was switched is told all of its own with it', {
    given: [
      ...running('a'),
      ...finished('a'),
      switchTo('j'),
      closed(1),
      submit('b'),
      isBuilt,
      opened(2),
      accepted('b', { on: 2 }),
      ended('b', 'completed', { on: 2 }),
      settled('b'),
      switchTo('i'),
      closed(2),
    ],
    when: [offered('t2')],
    holds: (is) => expect(planned(is)).toEqual(['merge-back t2 1-2', 'switch t1 0-2']),
    without: {
      'the look at the switch': actionIs(
        'thread',
        'noteOffer',
        threadMove((context) => withTransfer(context, {}, OFFER)),
      ),
    },
  });

  const lineage = lineageOf({ parentId: threadIdSchema.parse('t2') });

  rule('a fork that has gone on brings to its parent what that does not have, once', {
    lineage,
    given: [...running('a'), ...finished('a')],
    when: [mergeBack('t2', 2), mergeBack('t2', 2)],
    holds: (is) => {
      expect(is.said()).toEqual(['thread.mergedBack into=t2 after=1 until=2']);
      expect(is.did()).toEqual([
        'tellThread threadId=t2 input=(type=transfer.offered plan=(kind=merge-back source=t1 after=1 until=2))',
      ]);
      expect(is.answer).toBe('NOTHING_TO_MERGE');
    },
    without: {
      'the way': withoutTransition('thread', ' > thread.mergeBack'),
      'the bringing': withoutAction('thread', 'mergeBack'),
      'the look at what it has': guardIs('thread', 'hasNews', true),
    },
  });

  for (const [title, input, code] of [
    ['a thread that is no fork', mergeBack('t2', 3), 'THREAD_NOT_FORKED'],
    ['a deleted one', mergeBack('t2', 3), 'THREAD_DELETED'],
  ] as const) {
    rule(`${title} brings nothing back`, {
      given: code === 'THREAD_DELETED' ? [DELETE] : [],
      when: [input],
      holds: (is) => expect([is.answer, is.did()]).toEqual([code, []]),
      without: { 'the look at what it is': decidesBy(() => () => null) },
    });
  }
});
