import { describe, expect } from 'vitest';
import { by } from '../../machines/act.ts';
import { fires } from '../helpers/given.ts';
import {
  ARCHIVE,
  began,
  closed,
  ended,
  finished,
  idled,
  interrupt,
  promote,
  RESUME,
  running,
  runningNative,
  settled,
  steerRefused,
  STOP,
  submit,
  UNARCHIVE,
} from '../helpers/inputs.ts';
import { actionIs, chartWith, decidesBy, guardIs, withoutAction } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { endsTurnBy, threadMove } from '../helpers/without.ts';
import * as turns from '../../machines/thread-turns.ts';
import { released } from '../../machines/thread-queue.ts';
import type { Prompt, QueueEntry } from '../../machines/domain/turn.ts';

/** Interrupt and stop do not touch the queue. */
const NO_HOLD = withoutAction('thread', 'holdInterrupted', 'holdStopped');
/** Whatever a completed turn ends with, its queue flows. */
const COMPLETED_RELEASES = endsTurnBy((move, { queue }, { end }) => {
  if (end.outcome !== 'completed') return {};
  const after = { ...(move.set?.queue ?? queue), status: 'flowing', reason: null };
  return { set: { ...move.set, queue: after }, facts: [...(move.facts ?? []), ...released(queue)] };
});

describe('who asks for an end holds the queue', () => {
  rule('an interrupt holds the queue', {
    given: [...running('a'), submit('b', 'queue')],
    when: [interrupt()],
    holds: (is) => expect(is.queue).toBe('held interrupted: b'),
    without: { 'the hold': NO_HOLD },
  });

  rule('it stays held though the turn completes in spite of the interrupt', {
    given: [...running('a'), submit('b', 'queue'), interrupt()],
    when: finished('a'),
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held interrupted: b']),
    without: { 'the difference': COMPLETED_RELEASES },
  });

  rule('what was queued after the interrupt is held too, however the turn ends', {
    given: [...running('a'), interrupt(), submit('b', 'queue')],
    when: finished('a'),
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held interrupted: b']),
    without: {
      'the memory of who asked': endsTurnBy((_, context, output) =>
        turns.endTurn(context, { ...output, asked: null }),
      ),
    },
  });

  rule('an interrupt while the turn settles holds the queue too', {
    given: [...running('a'), ended('a'), interrupt(), submit('b', 'queue')],
    when: [settled('a')],
    holds: (is) => expect([is.end('a'), is.queue]).toEqual(['completed', 'held interrupted: b']),
    without: { 'the memory of it': withoutAction('turn', 'askAgain') },
  });

  rule('a stop holds the queue, and the thread stays stopped though the turn completes', {
    given: [...running('a'), submit('b', 'queue'), STOP],
    when: [...finished('a'), closed()],
    holds: (is) => expect([is.status, is.active, is.queue]).toEqual(['stopped', null, 'held stopped: b']),
    without: { 'the difference': COMPLETED_RELEASES },
  });

  rule('a restart survives where the turn ends otherwise than by it, unless a person interrupts', {
    given: [...running('a'), submit('b', 'restart'), interrupt()],
    when: finished('a', 'interrupted'),
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held interrupted: b']),
    without: { 'the hold': NO_HOLD },
  });
});

describe('a restart', () => {
  const WAITING = [...running('a'), submit('b', 'queue')];

  rule('it interrupts the active turn and runs the text next, whatever else is queued', {
    given: WAITING,
    when: [submit('c', 'restart'), ...finished('a', 'interrupted')],
    holds: (is) => {
      expect(is.did('turn.interrupt')).toEqual(['turn.interrupt connectionId=t1#1 turnId=a attempt=1']);
      expect([is.end('a'), is.active, is.queue]).toEqual(['interrupted restart', 'c', 'flowing: b']);
    },
    without: {
      'the interrupt': withoutAction('thread', 'restartTurn'),
      'the place in the queue': actionIs('thread', 'enqueueNext', 'enqueue'),
    },
  });

  rule('it is a new turn, only a steer may make a new attempt', {
    given: running('a'),
    when: [submit('c', 'restart'), ...finished('a', 'interrupted')],
    holds: (is) => {
      expect(is.said('turn.began')).toEqual(['turn.began turnId=c ordinal=2 attempt=1 origin=user']);
      expect(is.said('turn.attempted')).toEqual([]);
    },
    without: {
      'the new turn': chartWith('thread', 'bound.working', ({ on }) => {
        if (on) on['turn.submit'] = { actions: by('steerTurn') };
      }),
    },
  });

  rule('it runs next also where the active turn has failed', {
    given: [...WAITING, submit('c', 'restart')],
    when: finished('a', 'failed'),
    holds: (is) => expect([is.active, is.queue]).toEqual(['c', 'flowing: b']),
    without: {
      'the wish': actionIs('thread', 'enqueueNext', 'enqueue'),
    },
  });

  rule('it runs next also where a refused steer comes back', {
    given: [...runningNative('a'), submit('s', 'steer'), submit('c', 'restart')],
    when: [ended('a', 'interrupted'), steerRefused('a', 's'), settled('a')],
    holds: (is) => expect([is.active, is.queue]).toEqual(['c', 'flowing: s']),
    without: {
      'its place before the steer': actionIs(
        'thread',
        'returnSteer',
        threadMove(({ queue }, { steer }: { steer: Prompt }) => {
          const entry: QueueEntry = { ...steer, intent: 'queued', failure: null };
          return { set: { queue: { ...queue, entries: [entry, ...queue.entries] } } };
        }),
      ),
    },
  });
});

describe('a prompt while the connection is being closed', () => {
  const CLOSING = [...running('a'), ...finished('a'), idled()];

  rule('a start waits for the close and runs on the next connection', {
    given: CLOSING,
    when: [submit('b'), closed()],
    holds: (is) => {
      expect([is.active, is.status]).toEqual(['b', 'starting']);
      expect(is.said('connection.opening')).toEqual(['connection.opening connectionId=t1#2 resume=native']);
      expect(is.end('b')).toBe('');
    },
    without: { 'the waiting': guardIs('thread', 'canBeNext', false) },
  });

  rule('a queued prompt waits for the close too', {
    given: CLOSING,
    when: [submit('b', 'queue'), closed()],
    holds: (is) => expect([is.active, is.end('b'), is.stage.context.connectionCount]).toEqual(['b', '', 2]),
    without: { 'the look at the close': guardIs('thread', 'canBegin', true) },
  });

  rule('a start after a stop runs when the stop is through, on a new connection', {
    given: [...running('a'), ...finished('a'), STOP],
    when: [submit('b'), closed()],
    holds: (is) => {
      expect([is.active, is.stage.context.connectionCount]).toEqual(['b', 2]);
      expect(is.said('connection.closed', 'turn.began')[0]).toBe('connection.closed connectionId=t1#1');
    },
    without: { 'the waiting': guardIs('thread', 'canBeNext', false) },
  });
});

describe('an archived thread', () => {
  rule('archiving holds the queue', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed')],
    when: [ARCHIVE, UNARCHIVE],
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held archived: b']),
    without: {
      'the hold': actionIs(
        'thread',
        'archive',
        threadMove(({ queue }) => ({
          set: { archived: true, queue: { ...queue, status: 'flowing', reason: null } },
        })),
      ),
    },
  });

  rule('a held queue of an archived thread is not released', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed'), ARCHIVE],
    when: [RESUME],
    holds: (is) => expect(is.answer).toBe('THREAD_ARCHIVED'),
    without: { 'the guard': guardIs('thread', 'canRelease', true) },
  });

  rule('its queue entries are not promoted into a turn of the provider', {
    given: [
      ...running('a'),
      submit('b', 'queue'),
      ...finished('a', 'failed'),
      ARCHIVE,
      fires('connection.closeTimedOut'),
      began('s'),
    ],
    when: [promote('b')],
    holds: (is) => expect(is.answer).toBe('THREAD_ARCHIVED'),
    without: {
      'the decision': decidesBy(
        (real) => (view, input, lookups) =>
          real({ ...view, context: { ...view.context, archived: false } }, input, lookups),
      ),
    },
  });
});
