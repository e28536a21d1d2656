import { describe, expect } from 'vitest';
import { by } from '../../machines/act.ts';
import { fires } from '../helpers/given.ts';
import {
  absorbed,
  ARCHIVE,
  began,
  cancel,
  closed,
  edit,
  ended,
  finished,
  handed,
  idled,
  interrupt,
  lookedUp,
  lost,
  promote,
  RECOVERED,
  refused,
  reorder,
  RESUME,
  running,
  runningNative,
  settled,
  steerRefused,
  STOP,
  submit,
  UNARCHIVE,
} from '../helpers/inputs.ts';
import {
  actionIs,
  chartWith,
  decidesBy,
  guardAs,
  guardIs,
  withoutAction,
  withoutAlways,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { ALWAYS_FLOWS, endsTurnBy, threadMove } from '../helpers/without.ts';
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

describe('what runs next', () => {
  rule('a completed turn starts the next queued prompt, in the order in which they came', {
    given: [...running('a'), submit('b', 'queue'), submit('c', 'queue')],
    when: finished('a'),
    holds: (is) => {
      expect([is.active, is.queue]).toEqual(['b', 'flowing: c']);
      expect(is.said('queue.removed')).toEqual(['queue.removed queueEntryId=b reason=started']);
    },
    without: {
      'the draining': withoutAlways('thread', 'bound.idle', 1),
      'the order': actionIs(
        'thread',
        'enqueue',
        threadMove(({ queue }, { prompt }: { prompt: Prompt }) => {
          const entry: QueueEntry = { ...prompt, intent: 'queued', failure: null };
          return { set: { queue: { ...queue, entries: [entry, ...queue.entries] } } };
        }),
      ),
    },
  });

  const ENDINGS = [
    ['interrupted', running('a'), finished('a', 'interrupted')],
    ['failed', running('a'), finished('a', 'failed')],
    ['failed', handed('a'), [refused('a')]],
    ['absorbed', handed('a'), [absorbed('a', 'x')]],
    ['interrupted', handed('a'), [interrupt()]],
  ] as const;
  for (const [reason, before, when] of ENDINGS.slice(0, 4)) {
    rule(`a turn that ends as ${reason} by ${when[0].type} holds the queue with its reason`, {
      given: [...before, submit('b', 'queue')],
      when,
      holds: (is) => expect([is.active, is.queue]).toEqual([null, `held ${reason}: b`]),
      without: { 'the hold': ALWAYS_FLOWS },
    });
  }

  rule('a turn whose outcome is unknown holds the queue', {
    given: [...handed('a'), submit('b', 'queue'), RECOVERED],
    when: [lookedUp('a', 'unknown')],
    holds: (is) => expect([is.active, is.queue, is.status]).toEqual([null, 'held unknown: b', 'stopped']),
    without: { 'the hold': ALWAYS_FLOWS },
  });

  rule('a lost connection holds the queue', {
    given: [...running('a'), submit('b', 'queue')],
    when: [lost()],
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held failed: b']),
    without: { 'the hold': ALWAYS_FLOWS },
  });

  rule('a held queue flows again on request', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed')],
    when: [RESUME],
    holds: (is) => expect([is.active, is.said('queue.released')]).toEqual(['b', ['queue.released']]),
    without: { 'the release': withoutAction('thread', 'releaseQueue') },
  });

  rule('a held queue flows again after the next prompt of a person has completed', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed')],
    when: [submit('c'), ...finished('c')],
    holds: (is) => expect([is.end('c'), is.active, is.queue]).toEqual(['completed', 'b', 'flowing: ']),
    without: {
      'the release': actionIs(
        'thread',
        'begin',
        threadMove((context, { prompt }: { prompt: Prompt }) => turns.beginTurn(context, prompt)),
      ),
    },
  });

  rule('a turn of the provider does not let a held queue flow', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed')],
    when: [began('s'), ...finished('s')],
    holds: (is) => expect([is.end('s'), is.active, is.queue]).toEqual(['completed', null, 'held failed: b']),
    without: { 'the difference': COMPLETED_RELEASES },
  });

  rule('the queue drains when no connection is there, too', {
    given: [...running('a'), submit('b', 'queue'), lost()],
    when: [RESUME],
    holds: (is) => {
      expect([is.active, is.status]).toEqual(['b', 'starting']);
      expect(is.said('connection.opening')).toEqual(['connection.opening connectionId=t1#2 resume=native']);
    },
    without: { 'the last place': withoutAlways('thread', 'unbound', 4) },
  });

  rule('a queued prompt does not overtake others that are held', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed')],
    when: [submit('c', 'queue')],
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held failed: b, c']),
    without: { 'the look at the queue': guardIs('thread', 'canBegin', true) },
  });

  rule('it does not overtake them without a connection either', {
    given: [...running('a'), submit('b', 'queue'), lost()],
    when: [submit('c', 'queue')],
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held failed: b, c']),
    without: { 'the waiting': withoutTransition('thread', 'unbound > turn.submit > 2') },
  });

  rule('a queued prompt starts at once where nothing runs and nothing waits', {
    when: [submit('a', 'queue')],
    holds: (is) => expect([is.active, is.said('queue.added')]).toEqual(['a', []]),
    without: {
      'the start': guardAs('thread', 'canBegin', (_, { mode }: { mode: string }) => mode === 'start'),
    },
  });

  rule('an empty queue holds nothing up', {
    given: [...running('a'), submit('b', 'queue'), interrupt(), cancel('b')],
    when: [submit('c', 'queue'), submit('d', 'queue')],
    holds: (is) => expect(is.queue).toBe('flowing: c, d'),
    without: {
      'the release of an empty one': actionIs(
        'thread',
        'cancelEntry',
        threadMove(({ queue }) => ({ set: { queue: { ...queue, entries: [] } } })),
      ),
    },
  });
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

describe('entries', () => {
  const THREE = [...running('a'), ...['b', 'c', 'd'].map((name) => submit(name, 'queue'))];

  rule('an entry is moved before another one', {
    given: THREE,
    when: [reorder('d', 'b')],
    holds: (is) => expect(is.queue).toBe('flowing: d, b, c'),
    without: { 'the move': withoutAction('thread', 'reorderEntry') },
  });

  rule('an entry is moved to the end', {
    given: THREE,
    when: [reorder('b', null)],
    holds: (is) => expect(is.queue).toBe('flowing: c, d, b'),
    without: { 'the move': withoutAction('thread', 'reorderEntry') },
  });

  rule('an entry is moved before one that is there only', {
    given: THREE,
    when: [reorder('b', 'x')],
    holds: (is) => expect([is.answer, is.queue]).toEqual(['QUEUE_ENTRY_NOT_FOUND', 'flowing: b, c, d']),
    without: { 'the look for it': guardIs('thread', 'hasBoth', true) },
  });

  rule('an entry is edited and cancelled while it waits', {
    given: THREE,
    when: [edit('b', 'new'), cancel('c')],
    holds: (is) => {
      expect(is.stage.context.queue.entries.map(({ turnId, text }) => [turnId, text])).toEqual([
        ['b', 'new'],
        ['d', 'd'],
      ]);
    },
    without: {
      'the edit': withoutAction('thread', 'editEntry'),
      'the cancel': withoutAction('thread', 'cancelEntry'),
    },
  });

  rule('a promoted entry becomes a steer of the active turn', {
    given: THREE,
    when: [promote('c')],
    holds: (is) => {
      expect(is.queue).toBe('flowing: b, d');
      expect(is.stage.charts.turn?.context).toMatchObject({ steers: [{ turnId: 'c' }] });
    },
    without: { 'the steer': actionIs('thread', 'promoteEntry', 'cancelEntry') },
  });

  rule('the queue holds 100 prompts at most', {
    given: [...running('a'), ...Array.from({ length: 100 }, (_, index) => submit(`q${index}`, 'queue'))],
    when: [submit('b', 'queue')],
    holds: (is) => expect(is.answer).toBe('QUEUE_FULL'),
    without: { 'the limit': guardIs('thread', 'isQueue', true) },
  });
});

describe('a full queue without a turn', () => {
  const FULL = [
    ...running('a'),
    ...Array.from({ length: 100 }, (_, index) => submit(`q${index}`, 'queue')),
    ...finished('a', 'failed'),
  ];

  rule('it takes no prompt that would have to wait', {
    given: FULL,
    when: [submit('b', 'queue')],
    holds: (is) => expect(is.answer).toBe('QUEUE_FULL'),
    without: { 'the limit': guardIs('thread', 'canWait', true) },
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
