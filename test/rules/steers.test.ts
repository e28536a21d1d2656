import { describe, expect } from 'vitest';
import { fires } from '../helpers/given.ts';
import {
  ended,
  finished,
  handed,
  inactive,
  interrupt,
  lost,
  openFailed,
  opened,
  refused,
  running,
  runningNative,
  settled,
  started,
  asked,
  steerAccepted,
  steerRefused,
  submit,
  accepted,
  respond,
} from '../helpers/inputs.ts';
import {
  actionIs,
  chartWith,
  guardAs,
  guardIs,
  withoutAction,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { INTERRUPTED, endsAs, turnMove } from '../helpers/without.ts';
import type { TurnContext } from '../../machines/domain/context.ts';

const INTERRUPT_A = 'turn.interrupt connectionId=t1#1 turnId=a attempt=1';

describe('a steer where the provider takes messages in a running turn', () => {
  rule('it is sent into the turn and joins it when it is accepted', {
    given: runningNative('a'),
    when: [submit('s', 'steer'), steerAccepted('a', 's')],
    holds: (is) => {
      expect(is.did()).toEqual([
        'turn.steer connectionId=t1#1 turnId=a attempt=1 steer=(turnId=s text=s) clientMessageId=s.1',
      ]);
      expect(is.said().map((line) => line.replace(/item=\(itemId=\w+/, 'item=('))).toEqual([
        'item.completed item=( body=(kind=user_message intent=steer) text=s status=completed ordinal=2 turnId=a attempt=1)',
        expect.stringMatching(/^turn.steered turnId=a steerId=s itemId=\w+$/),
      ]);
      expect([is.status, is.stage.charts.turn?.value]).toEqual(['running', { live: 'streaming' }]);
      expect(is.armed).toEqual(['turn.stalled']);
    },
    without: {
      'the sending': withoutAction('turn', 'sendSteer'),
      'the joining': withoutAction('turn', 'confirmSteer'),
      'its record': withoutAction('thread', 'recordSteer'),
      'the end of its deadline': chartWith('turn', 'live.steering', (state) => {
        delete state.exit;
      }),
    },
  });

  rule('steers that arrive while one is under way join in order', {
    given: [...runningNative('a'), submit('s', 'steer'), submit('u', 'steer')],
    when: [steerAccepted('a', 's'), steerAccepted('a', 'u')],
    holds: (is) => {
      expect(is.said('turn.steered').map((line) => line.split(' ')[2])).toEqual(['steerId=s', 'steerId=u']);
      expect(is.did('turn.steer').length).toBe(1);
    },
    without: {
      'the waiting': withoutAction('turn', 'addSteer'),
      'one at a time': guardIs('turn', 'isMySteer', false),
    },
  });

  rule('one that the provider refuses becomes the head of the queue, with its reason', {
    given: [...runningNative('a'), submit('b', 'queue'), submit('s', 'steer')],
    when: [steerRefused('a', 's')],
    holds: (is) => {
      expect(is.queue).toBe('flowing: s, b');
      expect(is.stage.context.queue.entries[0]?.failure?.code).toBe('STEER_REFUSED');
      expect(is.stage.charts.turn?.value).toEqual({ live: 'streaming' });
    },
    without: {
      'its return': withoutAction('turn', 'returnSteer'),
      'the place in the queue': withoutAction('thread', 'returnSteer'),
    },
  });

  rule('one that the provider does not answer is part of the turn, unanswered', {
    given: [...runningNative('a'), submit('s', 'steer')],
    when: [fires('steer.timedOut')],
    holds: (is) => {
      expect(is.said('turn.steerUnanswered')).toEqual(['turn.steerUnanswered turnId=a steerId=s']);
      expect([...is.stage.tables.items.values()].at(-1)?.status).toBe('unknown');
      expect(is.stage.charts.turn?.value).toEqual({ live: 'streaming' });
    },
    without: { 'the bound': withoutTransition('turn', 'live.steering > steer.timedOut') },
  });

  rule('one whose answer crosses the end of the turn is waited for', {
    given: [...runningNative('a'), submit('s', 'steer'), ended('a'), settled('a')],
    when: [steerRefused('a', 's')],
    holds: (is) => {
      // the turn has completed, so the head of the queue runs next
      expect([is.end('a'), is.active]).toEqual(['completed', 's']);
    },
    without: { 'the waiting': guardIs('turn', 'hasNoSentSteer', true) },
  });

  rule('one that is accepted after the end of the turn has joined it', {
    given: [...runningNative('a'), submit('s', 'steer'), ended('a'), settled('a')],
    when: [steerAccepted('a', 's')],
    holds: (is) => expect([is.end('a'), is.said('turn.steered').length]).toEqual(['completed', 1]),
    without: { 'the joining': withoutTransition('turn', 'settling > provider.steerAccepted') },
  });

  rule('a request stands beside the steer', {
    given: [...runningNative('a'), submit('s', 'steer')],
    when: [asked('a', 'r'), steerAccepted('a', 's')],
    holds: (is) => {
      expect([is.request('r'), is.stage.charts.turn?.value]).toEqual(['open', { live: 'awaiting' }]);
      expect(is.said('turn.steered').length).toBe(1);
    },
    without: { 'the request': withoutTransition('turn', 'live.steering > provider.requestOpened') },
  });
});

describe('a steer where the provider does not', () => {
  rule('it interrupts the attempt and makes a new one of the same turn', {
    given: running('a'),
    when: [submit('s', 'steer'), ended('a', 'interrupted')],
    holds: (is) => {
      expect(is.did()).toEqual([
        INTERRUPT_A,
        'turn.start connectionId=t1#1 turnId=a attempt=2 prompt=(turnId=s text=s) clientMessageId=a.2',
      ]);
      expect(is.said('turn.attempted', 'turn.began', 'turn.ended')).toEqual([
        'turn.attempted turnId=a attempt=2',
      ]);
      expect([is.active, is.status]).toEqual(['a', 'running']);
    },
    without: {
      'the interrupt': withoutAction('turn', 'sendInterrupt'),
      'the new attempt': withoutTransition('turn', 'live.ending > provider.turnEnded'),
    },
  });

  rule('steers that arrive meanwhile join in order, in one prompt', {
    given: [...running('a'), submit('s', 'steer'), submit('u', 'steer')],
    when: [ended('a', 'interrupted')],
    holds: (is) => {
      expect(is.did()).toEqual([
        'turn.start connectionId=t1#1 turnId=a attempt=2 prompt=(turnId=s text=s\n\nu) clientMessageId=a.2',
      ]);
      expect(is.said('turn.steered').map((line) => line.split(' ')[2])).toEqual(['steerId=s', 'steerId=u']);
    },
    without: {
      'the joining': actionIs(
        'turn',
        'restart',
        turnMove(({ steers, attempt }) => ({
          set: { attempt: attempt + 1, prompt: steers[0] ?? null, steers: [] },
        })),
      ),
      'their record': withoutAction('thread', 'recordSteers'),
    },
  });

  rule('an inactive provider makes room for the new attempt as the end of the old one does', {
    given: [...running('a'), submit('s', 'steer')],
    when: [inactive('ready')],
    holds: (is) => expect([is.did('turn.start').length, is.queue]).toEqual([1, 'flowing: ']),
    without: { 'the room': withoutTransition('turn', 'live.ending > provider.becameInactive') },
  });

  rule('a provider that reports an error meanwhile has failed the turn', {
    given: [...running('a'), submit('s', 'steer')],
    when: [inactive('error'), settled('a')],
    holds: (is) => expect([is.end('a'), is.queue]).toEqual(['failed PROVIDER_ERROR', 'held failed: s']),
    without: { 'the difference': guardIs('turn', 'isMyPause', true) },
  });

  rule('open items of the old attempt are interrupted and its requests expire', {
    given: [...running('a'), asked('a', 'r'), submit('s', 'steer')],
    when: [ended('a', 'interrupted')],
    holds: (is) => expect(is.request('r')).toBe('closed expired'),
    without: {
      'the expiry': actionIs(
        'turn',
        'restart',
        turnMove(({ attempt }) => ({ set: { attempt: attempt + 1, requests: {} } })),
      ),
    },
  });

  rule('a request cannot be answered while its attempt is being interrupted', {
    given: [...running('a'), asked('a', 'r'), submit('s', 'steer')],
    when: [respond('r')],
    holds: (is) => expect(is.answer).toBe('TURN_ENDING'),
    without: {
      'the refusal': chartWith('turn', 'live.ending', ({ on }) => {
        if (on) delete on['request.respond'];
      }),
    },
  });

  rule('a request that is asked meanwhile is refused, or the provider would wait for ever', {
    given: [...running('a'), submit('s', 'steer')],
    when: [asked('a', 'r')],
    holds: (is) => {
      expect(is.did('request.refuse')).toEqual([
        'request.refuse connectionId=t1#1 requestId=r nativeRequestId=native-r',
      ]);
    },
    without: { 'the refusal': withoutTransition('turn', 'live.ending > provider.requestOpened') },
  });

  rule('an attempt that fails ends the turn, and the steer goes back to the queue', {
    given: [...running('a'), submit('s', 'steer')],
    when: finished('a', 'failed'),
    holds: (is) => expect([is.end('a'), is.queue]).toEqual(['failed PROVIDER_ERROR', 'held failed: s']),
    without: {
      'the failure': guardIs('turn', 'isMyFailure', false),
      'the return': chartWith('turn', '', (state) =>
        Object.assign(state, {
          output: ({
            context: { turnId, attempt, started: has, suspect, end },
          }: {
            context: TurnContext;
          }) => ({
            turnId,
            attempt,
            started: has,
            suspect,
            end,
            asked: null,
            undelivered: [],
          }),
        }),
      ),
    },
  });

  rule('an attempt that does not end in time fails the turn, and its connection is suspect', {
    given: [...running('a'), submit('s', 'steer')],
    when: [fires('interrupt.timedOut')],
    holds: (is) => {
      expect([is.end('a'), is.queue]).toEqual(['failed STEER_TIMED_OUT', 'held failed: s']);
      expect(is.said('connection.closing')).toEqual(['connection.closing connectionId=t1#1 why=suspect']);
    },
    without: {
      'the bound': withoutTransition('turn', 'live.ending > interrupt.timedOut'),
      'the suspicion': withoutAction('turn', 'suspect'),
    },
  });

  rule('a steer that was refused as a new attempt goes back to the queue', {
    given: [...running('a'), submit('s', 'steer'), ended('a', 'interrupted')],
    when: [refused('a', { attempt: 2 })],
    holds: (is) => expect([is.end('a'), is.queue]).toEqual(['failed START_REFUSED', 'held failed: s']),
    without: { 'the return': withoutAction('turn', 'returnSteeredPrompt') },
  });
});

describe('a steer of a turn that does not run yet', () => {
  rule('it waits for the start', {
    given: handed('a'),
    when: [submit('s', 'steer'), started('a')],
    holds: (is) =>
      expect([is.did(), is.stage.charts.turn?.value]).toEqual([[INTERRUPT_A], { live: 'ending' }]),
    without: { 'the waiting': withoutTransition('turn', 'handing > $steer') },
  });

  rule('it goes back to the queue where the turn does not start', {
    given: [submit('a'), submit('s', 'steer')],
    when: [openFailed()],
    holds: (is) => expect(is.queue).toBe('held failed: s'),
    without: { 'the waiting': withoutAction('turn', 'addSteer') },
  });

  rule('it goes with the turn where the connection opens', {
    given: [submit('a'), submit('s', 'steer')],
    when: [opened(), accepted('a'), started('a'), ended('a', 'interrupted')],
    holds: (is) => expect(is.said('turn.attempted')).toEqual(['turn.attempted turnId=a attempt=2']),
    without: { 'the waiting': withoutAction('turn', 'addSteer') },
  });
});

describe('a steer of a turn that is being ended', () => {
  rule('it is refused while the turn is interrupted', {
    given: [...running('a'), interrupt()],
    when: [submit('s', 'steer')],
    holds: (is) => expect(is.answer).toBe('TURN_ENDING'),
    without: {
      'the refusal': chartWith('turn', 'live.interrupting', ({ on }) => {
        if (on) delete on['$steer'];
      }),
    },
  });

  rule('it is refused while an interrupt waits for the start', {
    given: [...handed('a'), interrupt()],
    when: [submit('s', 'steer')],
    holds: (is) => expect(is.answer).toBe('TURN_ENDING'),
    without: {
      'the refusal': chartWith('turn', 'handing.cancelling', ({ on }) => {
        if (on) delete on['$steer'];
      }),
    },
  });

  rule('an interrupt sends the steers that wait back to the queue, held', {
    given: [...running('a'), submit('s', 'steer'), interrupt()],
    when: finished('a', 'interrupted'),
    holds: (is) => expect([is.end('a'), is.queue]).toEqual(['interrupted user', 'held interrupted: s']),
    without: {
      'the interrupt': chartWith('turn', 'live', ({ on }) => {
        if (on) delete on['$interrupt'];
      }),
      'the end': endsAs('endReported', { ...INTERRUPTED, outcome: 'completed', reason: null }),
    },
  });

  rule('a lost connection leaves a sent steer unanswered and the others in the queue', {
    given: [...runningNative('a'), submit('s', 'steer'), submit('u', 'steer')],
    when: [lost()],
    holds: (is) => {
      expect(is.said('turn.steerUnanswered')).toEqual(['turn.steerUnanswered turnId=a steerId=s']);
      expect(is.queue).toBe('held failed: u');
    },
    without: { 'the letting go': withoutAction('turn', 'letGo') },
  });

  rule('only a native steer is sent into the turn', {
    given: running('a'),
    when: [submit('s', 'steer')],
    holds: (is) => expect(is.did()).toEqual([INTERRUPT_A]),
    without: {
      'the capability': guardAs(
        'turn',
        'canSteer',
        ({ context }: { context: TurnContext }) => context.steers.length > 0,
      ),
    },
  });
});
