/** Where the provider would fold a prompt into what comes of its background work, prompts wait for the end of that. */
import { describe, expect } from 'vitest';
import {
  ARCHIVE,
  closed,
  closeFailed,
  finished,
  folding,
  idled,
  interrupt,
  lost,
  opened,
  replaced,
  RESUME,
  retry,
  running,
  STOP,
  submit,
} from '../helpers/inputs.ts';
import { actionIs, guardIs, withoutAction, withoutAlways, withoutTransition } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';

const WORKING = [...running('a'), folding(), ...finished('a')];
const NOT_HELD = withoutAlways('thread', 'bound.idle', 2);
const NOT_TOLD = withoutTransition('thread', 'bound > provider.foldingChanged');
/** The work has ended, and nothing follows from it. */
const RELEASES_NOTHING = actionIs(
  'thread',
  'noteFolding',
  threadMove(({ link }, { folds }: { folds: boolean }) => ({ set: { link: { ...link, folds } } })),
);
const NEVER_OVER = actionIs(
  'thread',
  'noteFolding',
  threadMove(({ link }) => ({ set: { link: { ...link, folds: true } } })),
);
const NOT_NOTED = withoutAction('thread', 'noteFolding');

describe('a prompt waits for background work that would swallow it', () => {
  for (const mode of ['start', 'queue'] as const) {
    rule(`${mode} is held with that reason`, {
      given: running('a'),
      when: [folding(), ...finished('a'), submit('b', mode)],
      holds: (is) => expect([is.active, is.queue, is.status]).toEqual([null, 'held background: b', 'ready']),
      without: { 'the word of it': NOT_TOLD, 'the note': NOT_NOTED, 'the hold': NOT_HELD },
    });
  }

  rule('a prompt that was queued in the turn before waits too', {
    given: [...running('a'), submit('b', 'queue'), folding()],
    when: finished('a'),
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held background: b']),
    without: { 'the hold': NOT_HELD, 'the look at the work': guardIs('thread', 'mustWait', false) },
  });

  rule('a prompt that is sent again waits too', {
    given: [...running('a'), folding(), ...finished('a', 'failed')],
    when: [retry('b')],
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held background: b']),
    without: { 'the look at the work': guardIs('thread', 'canRetryNext', false) },
  });

  rule('it runs when the work has ended', {
    given: [...WORKING, submit('b')],
    when: [folding(false)],
    holds: (is) => expect([is.active, is.queue]).toEqual(['b', 'flowing: ']),
    without: { 'the look at the reason': RELEASES_NOTHING },
  });

  rule('without such work a prompt runs at once', {
    given: WORKING,
    when: [folding(false), submit('b')],
    holds: (is) => expect([is.active, is.queue]).toEqual(['b', 'flowing: ']),
    without: { 'the note': NEVER_OVER },
  });

  rule('a person who resumes the queue does not wait for the work', {
    given: [...WORKING, submit('b')],
    when: [RESUME],
    holds: (is) => expect([is.active, is.queue]).toEqual(['b', 'flowing: ']),
    without: {
      'the override': actionIs(
        'thread',
        'releaseQueue',
        threadMove(({ queue }) => ({ set: { queue: { ...queue, status: 'flowing', reason: null } } })),
      ),
    },
  });

  rule('what is held for another reason stays held when the work has ended', {
    given: [...running('a'), submit('b', 'queue'), folding(), interrupt(), ...finished('a', 'interrupted')],
    when: [folding(false)],
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held interrupted: b']),
    without: { 'the look at the reason': actionIs('thread', 'noteFolding', 'releaseQueue') },
  });

  rule('it is the work of the present connection', {
    given: [...WORKING, folding(false), lost(), submit('b'), opened(2)],
    when: [folding(true, 1)],
    holds: (is) => expect([is.answer, is.stage.context.link.folds]).toEqual(['ignored', false]),
    without: { 'the look at the connection': guardIs('thread', 'isOfLiveLink', true) },
  });

  rule('another conversation on the same connection leaves it as it is', {
    given: [...WORKING, replaced('other')],
    when: [submit('b')],
    holds: (is) => expect(is.queue).toBe('held background: b'),
    without: {
      'the memory': actionIs(
        'thread',
        'noteOpened',
        threadMove(({ link }) => ({
          set: {
            link: { ...link, phase: 'open', folds: false },
            session: { nativeThreadId: 'native', state: 'provisional' },
          },
        })),
      ),
    },
  });

  rule('a close that failed leaves it as it is', {
    given: [...WORKING, STOP, closeFailed()],
    when: [submit('b')],
    holds: (is) => expect(is.queue).toBe('held background: b'),
    without: {
      'the memory': actionIs(
        'thread',
        'noteKept',
        threadMove(({ link }) => ({
          set: { link: { ...link, phase: 'open', closing: null, folds: false } },
        })),
      ),
    },
  });
});

describe('work that ends with its connection holds nothing up', () => {
  rule('what waited is held as failed where the connection was lost', {
    given: [...WORKING, submit('b')],
    when: [lost()],
    holds: (is) => expect([is.active, is.queue, is.status]).toEqual([null, 'held failed: b', 'error']),
    without: { 'the end': withoutAction('thread', 'noteGone') },
  });

  rule('it runs where the connection was closed, on the next one', {
    given: [...WORKING, submit('b'), idled()],
    when: [closed()],
    holds: (is) => expect([is.active, is.queue, is.status]).toEqual(['b', 'flowing: ', 'starting']),
    without: { 'the end': withoutAction('thread', 'noteGone') },
  });

  for (const [reason, command] of [
    ['stopped', STOP],
    ['archived', ARCHIVE],
  ] as const) {
    rule(`it stays held as ${reason} where a person closed it`, {
      given: [...WORKING, submit('b'), command],
      when: [closed()],
      holds: (is) => expect([is.active, is.queue]).toEqual([null, `held ${reason}: b`]),
      without: { 'the reason': withoutAction('thread', reason === 'stopped' ? 'holdStopped' : 'archive') },
    });
  }
});
