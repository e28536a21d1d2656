import { describe, expect } from 'vitest';
import {
  absorbed,
  began,
  cancel,
  edit,
  finished,
  handed,
  interrupt,
  lookedUp,
  lost,
  promote,
  RECOVERED,
  refused,
  reorder,
  RESUME,
  running,
  submit,
} from '../helpers/inputs.ts';
import {
  actionIs,
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
