/** A compaction by hand: a turn without a prompt, and in all else a turn. */
import { describe, expect } from 'vitest';
import type { ErrorCode } from '../../machines/domain/error.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import * as turns from '../../machines/thread-turns.ts';
import { fires, type Cue } from '../helpers/given.ts';
import {
  accepted,
  ARCHIVE,
  closed,
  compact,
  ended,
  finished,
  interrupt,
  opened,
  RECOVERED,
  refused,
  retry,
  running,
  runningNative,
  started,
  steerRefused,
  STOP,
  submit,
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
  type Mutation,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { endsAs, endsTurnBy, INTERRUPTED, threadMove } from '../helpers/without.ts';

const IDLE = [...running('a'), ...finished('a')];
const COMPACTING = [...IDLE, compact('c'), accepted('c'), started('c')];

describe('a compaction', () => {
  rule('it is a turn without a message, handed over at once', {
    given: IDLE,
    when: [compact('c')],
    holds: (is) => {
      expect(is.said('turn.began', 'item.completed')).toEqual([
        'turn.began turnId=c ordinal=2 attempt=1 origin=compaction',
      ]);
      expect(is.did()).toEqual(['turn.compact connectionId=t1#1 turnId=c attempt=1']);
      expect([is.status, is.active]).toEqual(['starting', 'c']);
    },
    without: {
      'the handing over': withoutAction('turn', 'handOver'),
      'the way': withoutTransition('thread', 'bound.idle > thread.compact'),
    },
  });

  rule('it opens a connection where there is none', {
    given: [...IDLE, STOP, closed()],
    when: [compact('c'), opened(2)],
    holds: (is) => expect(is.did()).toContain('turn.compact connectionId=t1#2 turnId=c attempt=1'),
    without: { 'the way': withoutTransition('thread', 'unbound > thread.compact') },
  });

  rule('its end leaves the thread ready', {
    given: COMPACTING,
    when: finished('c'),
    holds: (is) => expect([is.end('c'), is.status, is.active]).toEqual(['completed', 'ready', null]),
    without: { 'the end': endsAs('endReported', INTERRUPTED) },
  });

  rule('it can be interrupted', {
    given: COMPACTING,
    when: [interrupt(), ...finished('c', 'interrupted')],
    holds: (is) => {
      expect(is.did('turn.interrupt')).toEqual(['turn.interrupt connectionId=t1#1 turnId=c attempt=1']);
      expect([is.end('c'), is.status]).toEqual(['interrupted user', 'interrupted']);
    },
    without: { 'the interrupt': withoutAction('turn', 'sendInterrupt') },
  });

  rule('a refusal of the provider is seen', {
    given: [...IDLE, compact('c')],
    when: [refused('c')],
    holds: (is) =>
      expect([is.end('c'), is.status, is.lastError, is.notices]).toEqual([
        'failed START_REFUSED',
        'error',
        'START_REFUSED',
        ['start.failed'],
      ]),
    without: { 'the refusal': withoutTransition('turn', 'handing > provider.turnRefused') },
  });

  rule('silence of the provider is bounded', {
    given: [...IDLE, compact('c')],
    when: [fires('turn.startTimedOut')],
    holds: (is) => expect(is.end('c')).toBe('failed START_TIMED_OUT'),
    without: { 'the deadline': withoutTransition('turn', 'handing > turn.startTimedOut') },
  });

  rule('it waits for no turn: it is refused while one runs', {
    given: running('a'),
    when: [compact('c')],
    holds: (is) => expect([is.answer, is.active]).toEqual(['THREAD_BUSY', 'a']),
    without: {
      'the busy thread': chartWith('thread', 'bound.working', ({ on }) => {
        if (on) on['thread.compact'] = { target: '.starting' };
      }),
    },
  });

  rule('it is refused while the connection is being closed', {
    given: [...IDLE, STOP],
    when: [compact('c')],
    holds: (is) => expect(is.answer).toBe('THREAD_BUSY'),
    without: { 'the look at the close': guardIs('thread', 'isStaying', true) },
  });

  rule('it is refused in an archived thread', {
    given: [ARCHIVE],
    when: [compact('c')],
    holds: (is) => expect(is.answer).toBe('THREAD_ARCHIVED'),
    without: { 'the refusal': without('THREAD_ARCHIVED') },
  });

  rule('it needs a provider that can', {
    capabilities: { compact: false },
    when: [compact('c')],
    holds: (is) => {
      expect(is.answer).toBe('CAPABILITY_UNSUPPORTED');
      expect(is.taken[0]?.refusal?.details).toEqual({ capability: 'compact' });
    },
    without: { 'the refusal': without('CAPABILITY_UNSUPPORTED') },
  });

  for (const [where, before] of [
    ['waits for its connection', [compact('c')]],
    ['has been handed over', [...IDLE, compact('c')]],
    ['is under way', COMPACTING],
  ] as [string, Cue[]][]) {
    rule(`a restart of the server interrupts it where it ${where}: there is no prompt to look for`, {
      given: before,
      when: [RECOVERED],
      holds: (is) => {
        expect([is.end('c'), is.status]).toEqual(['interrupted SERVER_RESTARTED', 'stopped']);
        expect(is.did('tell').filter((line) => line.includes('turn.lookUp'))).toEqual([]);
      },
      without: { 'the end': withoutTransition('turn', ' > $lost') },
    });
  }

  rule('a restart does not take it for a prompt that has not arrived', {
    given: [...IDLE, compact('c')],
    when: [RECOVERED],
    holds: (is) => expect(is.end('c')).toBe('interrupted SERVER_RESTARTED'),
    without: {
      'the look at the prompt': guardAs(
        'turn',
        'isRestart',
        (_: object, { how }: { readonly how: string }) => how === 'restarted',
      ),
    },
  });
});

describe('what a compaction leaves alone', () => {
  rule('a held queue stays held', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed'), compact('c')],
    when: [accepted('c'), started('c'), ...finished('c')],
    holds: (is) => expect([is.queue, is.status]).toEqual(['held failed: b', 'ready']),
    without: {
      'the hold': actionIs(
        'thread',
        'compact',
        threadMove((context, { turnId }: ThreadInputOf<'thread.compact'>) => {
          const begun = turns.beginCompaction(context, turnId);
          return { ...begun, set: { ...begun.set, queue: { ...context.queue, status: 'flowing' as const } } };
        }),
      ),
    },
  });

  rule('what waits runs when it has completed', {
    given: [...COMPACTING, submit('b', 'queue')],
    when: finished('c'),
    holds: (is) => expect([is.active, is.queue]).toEqual(['b', 'flowing: ']),
    without: { 'the queue': withoutAlways('thread', 'bound.idle', 1) },
  });

  rule('a prompt that has failed can be sent again after it', {
    given: [
      ...running('a'),
      ...finished('a', 'failed'),
      compact('c'),
      accepted('c'),
      started('c'),
      ...finished('c'),
    ],
    when: [retry('d')],
    holds: (is) => expect([is.answer, is.did('turn.start').length]).toEqual(['taken', 1]),
    without: {
      'the memory of it': endsTurnBy(({ set }) => ({ set: { ...set, retryable: null } })),
    },
  });
});

describe('a message to a compaction', () => {
  rule('it waits in the queue where the provider refuses it', {
    given: [...nativeIdle(), compact('c'), accepted('c'), started('c'), submit('s', 'steer')],
    when: [steerRefused('c', 's'), ...finished('c')],
    holds: (is) => expect([is.notices, is.active]).toEqual([['steer.failed'], 's']),
    without: { 'the return': withoutAction('thread', 'returnSteer') },
  });

  rule('it takes its place as a new attempt where the provider cannot be told', {
    given: [...COMPACTING, submit('s', 'steer')],
    when: [ended('c', 'interrupted')],
    holds: (is) =>
      expect(is.did('turn.start', 'turn.compact')).toEqual([
        expect.stringMatching(/^turn\.start .*attempt=2 .*text=s/),
      ]),
    without: { 'the restart': withoutAction('turn', 'restart') },
  });
});

/** The charts alone decide what would be refused by this code. */
function without(code: ErrorCode): Mutation {
  return decidesBy((real) => (view, input, lookups) => {
    const refusal = real(view, input, lookups);
    return refusal?.code === code ? null : refusal;
  });
}

function nativeIdle(): Cue[] {
  return [...runningNative('a'), ...finished('a')];
}
