import { describe, expect } from 'vitest';
import { fires } from '../helpers/given.ts';
import {
  began,
  ended,
  finished,
  handed,
  interrupt,
  interruptRefused,
  asked,
  running,
  started,
  submit,
  usage,
} from '../helpers/inputs.ts';
import { actionIs, chartWith, guardIs, withoutAction, withoutTransition } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { COMPLETED, endsAs, INTERRUPTED, turnMove } from '../helpers/without.ts';

describe('the watchdog', () => {
  rule('a silent turn is noticed, interrupted and failed', {
    given: running('a'),
    when: [fires('turn.stalled'), fires('interrupt.timedOut')],
    holds: (is) => {
      expect(is.did('turn.interrupt')).toEqual(['turn.interrupt connectionId=t1#1 turnId=a attempt=1']);
      expect([is.end('a'), is.status]).toEqual(['failed STALLED', 'error']);
    },
    without: {
      'the timer': withoutAction('turn', 'watch'),
      'the interrupt': withoutTransition('turn', 'live.streaming > turn.stalled'),
    },
  });

  rule('a stalled turn that ends by the interrupt has failed', {
    given: [...running('a'), fires('turn.stalled')],
    when: finished('a', 'interrupted'),
    holds: (is) => expect(is.end('a')).toBe('failed STALLED'),
    without: { 'the reason': endsAs('endReported', INTERRUPTED) },
  });

  rule('heartbeats and usage do not count as progress: the timer is pushed by items only', {
    given: running('a'),
    when: [usage()],
    holds: (is) => {
      expect(is.stage.timers['turn.stalled']).toMatchObject({ idle: true, armedBy: 5 });
    },
    without: {
      'the difference': actionIs(
        'thread',
        'recordUsage',
        turnMove(() => ({
          arm: {
            name: 'turn.stalled',
            owner: 'turn',
            afterMs: 1,
            idle: true,
            fires: { type: 'turn.stalled' },
          },
        })),
      ),
      'the push by items': actionIs(
        'turn',
        'watch',
        turnMove(() => ({
          arm: {
            name: 'turn.stalled',
            owner: 'turn',
            afterMs: 1,
            idle: false,
            fires: { type: 'turn.stalled' },
          },
        })),
      ),
    },
  });
});

describe('settling', () => {
  rule('the end is stated when deltas are flushed and what was left behind has ended', {
    given: running('a'),
    when: [ended('a')],
    holds: (is) => {
      expect([is.status, is.end('a')]).toEqual(['running', '']);
      expect(is.did()).toEqual(['turn.settle connectionId=t1#1 turnId=a attempt=1 outcome=completed']);
      expect(is.armed).toEqual(['settle.timedOut']);
    },
    without: { 'the state': withoutAction('turn', 'settle') },
  });

  rule('settling is bounded by a timer', {
    given: [...running('a'), ended('a')],
    when: [fires('settle.timedOut')],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['completed', 'ready']),
    without: { 'the timer': withoutTransition('turn', 'settling > settle.timedOut') },
  });

  rule('requests of a turn that has ended are closed', {
    given: [...running('a'), asked('a', 'r')],
    when: [ended('a')],
    holds: (is) => expect(is.request('r')).toBe('closed expired'),
    without: { 'their closing': withoutAction('turn', 'settle') },
  });
});

describe('interrupts', () => {
  rule('an interrupt before the provider has started the turn is remembered, and sent when it has', {
    given: [...handed('a'), interrupt()],
    when: [started('a')],
    holds: (is) => {
      expect(is.did('turn.interrupt')).toEqual(['turn.interrupt connectionId=t1#1 turnId=a attempt=1']);
      expect(is.stage.charts.turn?.value).toEqual({ live: 'interrupting' });
    },
    without: { 'the memory': withoutTransition('turn', 'handing.cancelling > provider.turnStarted') },
  });

  rule('an interrupt is not sent before the provider has started the turn', {
    given: handed('a'),
    when: [interrupt()],
    holds: (is) => expect(is.did()).toEqual([]),
    without: {
      'the waiting': chartWith('turn', 'handing.sent', ({ on }) => {
        if (on) on['$interrupt'] = { target: '#turn.live.interrupting' };
      }),
    },
  });

  rule('an interrupt that the provider refused is sent again once', {
    given: [...running('a'), interrupt()],
    when: [interruptRefused('a'), interruptRefused('a')],
    holds: (is) => expect([is.did('turn.interrupt').length, is.answer]).toEqual([1, 'ignored']),
    without: {
      'the second try': withoutTransition('turn', 'live.interrupting > provider.interruptRefused'),
      'the end of trying': guardIs('turn', 'isFirstRefusal', true),
    },
  });

  rule('an interrupt without an answer settles the turn as interrupted after a wall-clock bound', {
    given: [...running('a'), interrupt()],
    when: [fires('interrupt.timedOut')],
    holds: (is) => {
      expect(is.stage.tables.turns.size).toBe(1);
      expect(is.said('turn.ended')).toEqual([
        'turn.ended turnId=a outcome=interrupted started failure=INTERRUPT_TIMED_OUT reason=user',
      ]);
      expect([is.status, is.lastError]).toEqual(['interrupted', null]);
    },
    without: {
      'the bound': withoutTransition('turn', 'live.interrupting > interrupt.timedOut'),
      'its timer': withoutAction('turn', 'sendInterrupt'),
      'the outcome': endsAs('endUnanswered', COMPLETED),
    },
  });

  rule('the bound of an interrupt is not pushed by items', {
    given: running('a'),
    when: [interrupt()],
    holds: (is) => expect(is.stage.timers['interrupt.timedOut']?.idle).toBe(false),
    without: {
      'the wall clock': actionIs(
        'turn',
        'sendInterrupt',
        turnMove(({ turnId }) => ({
          arm: {
            name: 'interrupt.timedOut',
            owner: 'turn',
            afterMs: 1,
            idle: true,
            fires: { type: 'interrupt.timedOut', turnId, attempt: 1 },
          },
        })),
      ),
    },
  });

  rule('an interrupt of a prompt that never starts settles it as interrupted, as soon as any other', {
    given: [...handed('a'), interrupt()],
    when: [fires('turn.startTimedOut')],
    holds: (is) => {
      expect([is.end('a'), is.status]).toEqual(['interrupted INTERRUPT_TIMED_OUT', 'interrupted']);
    },
    without: {
      'the outcome': withoutTransition('turn', 'handing.cancelling > turn.startTimedOut'),
    },
  });

  rule('who interrupts a prompt that is being handed over waits 15 s at most, side turns or not', {
    given: [...handed('a'), interrupt()],
    when: [began('s')],
    holds: (is) =>
      expect(is.stage.timers['turn.startTimedOut']).toMatchObject({ afterMs: 15_000, idle: false }),
    without: {
      'the bound': withoutAction('turn', 'boundCancel'),
      'its own rule for side turns': chartWith('turn', 'handing.cancelling', ({ on }) => {
        if (on) delete on['$pauseStart'];
      }),
    },
  });

  rule('the end of a side turn gives it no more time', {
    given: [...handed('a'), began('s'), interrupt()],
    when: [ended('s')],
    holds: (is) =>
      expect(is.stage.timers['turn.startTimedOut']).toMatchObject({ afterMs: 15_000, idle: false }),
    without: {
      'its own rule for side turns': chartWith('turn', 'handing.cancelling', ({ on }) => {
        if (on) delete on['$resumeStart'];
      }),
    },
  });

  rule('an interrupt of a prompt that has not been sent ends it at once', {
    given: [submit('a')],
    when: [interrupt()],
    holds: (is) =>
      expect([is.end('a'), is.status, is.did()]).toEqual(['interrupted user', 'interrupted', []]),
    without: { 'the end': withoutTransition('turn', 'waiting > $interrupt') },
  });
});
