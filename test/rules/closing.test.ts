import { describe, expect } from 'vitest';
import { fires } from '../helpers/given.ts';
import {
  closed,
  closeFailed,
  DELETE,
  ended,
  finished,
  handed,
  idled,
  interrupt,
  lost,
  opened,
  openFailed,
  RECOVERED,
  running,
  settled,
  STOP,
  submit,
} from '../helpers/inputs.ts';
import {
  actionIs,
  guardAs,
  guardIs,
  withoutAction,
  withoutAlways,
  withoutTransition,
  chartWith,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';
import type { ThreadContext } from '../../machines/domain/context.ts';

const READY = [...running('a'), ...finished('a')];

describe('a stop', () => {
  rule('a stop interrupts the turn, closes the connection and leaves the thread stopped', {
    given: running('a'),
    when: [STOP, ended('a', 'interrupted'), settled('a'), closed()],
    holds: (is) => {
      expect(is.did('turn.interrupt', 'connection.close')).toEqual([
        'turn.interrupt connectionId=t1#1 turnId=a attempt=1',
        'connection.close connectionId=t1#1',
      ]);
      expect([is.end('a'), is.status]).toEqual(['interrupted stopped', 'stopped']);
    },
    without: {
      'the interrupt': withoutAction('thread', 'stopTurn'),
      'the close': withoutAction('thread', 'closeToStop'),
    },
  });

  rule('a stop whose connection ends first still ends the turn as stopped', {
    given: [...running('a'), STOP],
    when: [closed()],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['interrupted stopped', 'stopped']),
    without: { 'the word': guardIs('thread', 'isGoneToStop', false) },
  });

  rule('a stop that fails keeps the connection and shows the failure', {
    given: [...running('a'), ...finished('a', 'interrupted')],
    when: [STOP, closeFailed()],
    holds: (is) => {
      expect([is.status, is.lastError]).toEqual(['interrupted', 'CLOSE_FAILED']);
      expect(is.said('connection.closeFailed')).toEqual([
        'connection.closeFailed connectionId=t1#1 failure=CLOSE_FAILED',
      ]);
      expect(is.value).toEqual([{ bound: { idle: 'interrupted' } }, 'open', undefined]);
      expect([is.did('connection.kill'), is.armed]).toEqual([[], []]);
    },
    without: {
      'the keeping': guardIs('connection', 'isMineAndForced', true),
      'the end of the deadline': chartWith('connection', 'closing', (state) => {
        delete state.exit;
      }),
      'the failure': withoutAction('thread', 'noteKept'),
    },
  });

  rule('a stop without an answer has failed too', {
    given: READY,
    when: [STOP, fires('connection.closeTimedOut')],
    holds: (is) => expect([is.status, is.lastError]).toEqual(['ready', 'CLOSE_FAILED']),
    without: { 'the deadline': withoutTransition('connection', 'closing > connection.closeTimedOut') },
  });

  rule('a connection that is kept takes the next prompt', {
    given: [...READY, STOP, closeFailed()],
    when: [submit('b')],
    holds: (is) => expect([is.answer, is.active, is.did('turn.start').length]).toEqual(['taken', 'b', 1]),
    without: {
      'the state of the link': actionIs(
        'thread',
        'noteKept',
        threadMove(() => ({})),
      ),
    },
  });

  rule('a stop of what is already gone is a success', {
    given: READY,
    when: [STOP, lost()],
    holds: (is) => expect([is.status, is.lastError]).toEqual(['stopped', null]),
    without: { 'the success': withoutTransition('connection', 'closing > connection.lost') },
  });

  rule('a stop of a thread that has no connection changes the word at once', {
    when: [STOP],
    holds: (is) => expect([is.status, is.did()]).toEqual(['stopped', []]),
    without: { 'the word': withoutTransition('thread', 'unbound > thread.stop') },
  });

  rule('a stop during a close for idleness counts for more', {
    given: [...READY, idled(), STOP],
    when: [closed()],
    holds: (is) => expect(is.status).toBe('stopped'),
    without: { 'the rank': withoutAction('thread', 'closeToStop') },
  });

  rule('a stop while the connection opens closes it by force', {
    given: [submit('a'), STOP],
    when: [fires('connection.closeTimedOut')],
    holds: (is) => {
      expect([is.status, is.did('connection.kill').length]).toEqual(['stopped', 1]);
    },
    without: {
      'the force': actionIs(
        'connection',
        'sayClosing',
        threadMove(() => ({})),
      ),
    },
  });
});

describe('a stop on the way', () => {
  rule('a stop holds also a start that waits for a close', {
    given: [...READY, idled(), submit('b')],
    when: [STOP, closed()],
    holds: (is) => expect([is.active, is.status, is.queue]).toEqual([null, 'stopped', 'held stopped: b']),
    without: { 'the hold': withoutAction('thread', 'holdStopped') },
  });

  rule('a stop of a connection that fails to open is a success', {
    given: [submit('a'), STOP],
    when: [openFailed()],
    holds: (is) => expect([is.status, is.lastError]).toEqual(['stopped', null]),
    without: { 'the success': withoutTransition('connection', 'closing > connection.openFailed') },
  });

  rule('a connection that is lost while its turn is interrupted leaves the thread interrupted', {
    given: [...running('a'), interrupt()],
    when: [lost()],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['interrupted CONNECTION_LOST', 'interrupted']),
    without: { 'the word': guardIs('thread', 'isCutOff', false) },
  });

  rule(
    'a failed stop is shown until the next completed turn, also where the connection closes for idleness',
    {
      given: [...READY, STOP, closeFailed(), idled()],
      when: [closed()],
      holds: (is) => expect([is.status, is.lastError]).toEqual(['ready', 'CLOSE_FAILED']),
      without: {
        'the keeping': chartWith('thread', 'unbound.ready', (state) => {
          state.entry = 'clearError';
        }),
      },
    },
  );
});

describe('a suspect connection', () => {
  const CLOSE_FACTS = ['connection.closing connectionId=t1#1 why=suspect'];

  rule('after a start timed out the connection is closed by force', {
    given: handed('a'),
    when: [fires('turn.startTimedOut'), fires('connection.closeTimedOut')],
    holds: (is) => {
      expect(is.said('connection.closing')).toEqual(CLOSE_FACTS);
      expect(is.did('turn.interrupt', 'connection.kill').length).toBe(2);
      expect([is.status, is.value]).toEqual(['error', [{ unbound: 'error' }, undefined, undefined]]);
    },
    without: {
      'the suspicion': withoutAction('turn', 'suspect'),
      'the close': withoutAction('thread', 'distrust'),
      'the force': guardIs('connection', 'isMineAndForced', false),
      'the cancel': withoutAction('turn', 'cancelAtProvider'),
    },
  });

  rule('after an interrupt timed out the connection is closed by force', {
    given: [...running('a'), interrupt()],
    when: [fires('interrupt.timedOut'), closeFailed()],
    holds: (is) => {
      expect(is.said('connection.closing')).toEqual(CLOSE_FACTS);
      expect([is.status, is.value]).toEqual([
        'interrupted',
        [{ unbound: 'interrupted' }, undefined, undefined],
      ]);
    },
    without: {
      'the suspicion': withoutAction('turn', 'suspect'),
      'the force': guardIs('connection', 'isMineAndForced', false),
    },
  });

  rule('it is never used again: the next prompt waits for another one', {
    given: [...running('a'), interrupt(), fires('interrupt.timedOut')],
    when: [submit('b'), closed(), opened(2)],
    holds: (is) => {
      expect(is.did('turn.start')).toEqual([
        'turn.start connectionId=t1#2 turnId=b attempt=1 prompt=(turnId=b text=b) clientMessageId=b.1',
      ]);
    },
    without: { 'the suspicion': withoutAction('thread', 'distrust') },
  });

  rule('a stop that is under way stays a stop when the interrupt times out', {
    given: [...running('a'), STOP],
    when: [fires('interrupt.timedOut'), closed()],
    holds: (is) => expect(is.status).toBe('stopped'),
    without: {
      'the rank of reasons': actionIs(
        'thread',
        'distrust',
        threadMove(({ link }) => ({ set: { link: { ...link, closing: 'suspect' } } })),
      ),
    },
  });
});

describe('a delete', () => {
  rule('a delete stops first and leaves a tombstone', {
    given: running('a'),
    when: [DELETE, closed()],
    holds: (is) => {
      expect(is.said('thread.deleting', 'turn.ended', 'thread.deleted')).toEqual([
        'thread.deleting',
        'turn.ended turnId=a outcome=interrupted started reason=stopped',
        'thread.deleted',
      ]);
      expect(is.value).toEqual(['deleted', undefined, undefined]);
    },
    without: {
      'the stop': withoutAction('thread', 'closeToDelete'),
      'the tombstone': withoutAlways('thread', 'unbound', 0),
    },
  });

  rule('a delete is by force', {
    given: [...READY, DELETE],
    when: [closeFailed()],
    holds: (is) =>
      expect([is.stage.charts.root.value, is.did('connection.kill').length]).toEqual(['deleted', 1]),
    without: { 'the force': guardIs('connection', 'isMineAndForced', false) },
  });

  for (const [how, cue] of [
    ['the server restarts', RECOVERED],
    ['the connection is lost', lost()],
  ] as const) {
    rule(`a delete is carried out though ${how} meanwhile`, {
      given: [...running('a'), DELETE],
      when: [cue],
      holds: (is) => expect(is.stage.charts.root.value).toBe('deleted'),
      without: { 'the memory of it': withoutAlways('thread', 'unbound', 0) },
    });
  }

  rule('a delete is carried out though the interrupt times out and its connection is suspect', {
    given: [...running('a'), DELETE, fires('interrupt.timedOut')],
    when: [closed()],
    holds: (is) => expect(is.stage.charts.root.value).toBe('deleted'),
    without: {
      'the rank of reasons': actionIs(
        'thread',
        'distrust',
        threadMove(({ link }) => ({ set: { link: { ...link, closing: 'suspect' } } })),
      ),
    },
  });

  rule('a restart that is under way does not begin after a delete', {
    given: [...running('a'), submit('b', 'restart'), DELETE],
    when: [...finished('a', 'interrupted'), closed()],
    holds: (is) => {
      expect(is.said('turn.began')).toEqual([]);
      expect(is.stage.charts.root.value).toBe('deleted');
    },
    without: {
      'the look at the close': guardAs(
        'thread',
        'canDrain',
        ({ context: { queue } }: { context: ThreadContext }) =>
          queue.status === 'flowing' && queue.entries.length > 0,
      ),
    },
  });
});
