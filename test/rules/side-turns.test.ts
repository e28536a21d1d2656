import { describe, expect } from 'vitest';
import {
  accepted,
  absorbed,
  asked,
  began,
  closed,
  ended,
  finished,
  handed,
  inactive,
  interrupt,
  item,
  lost,
  opened,
  retry,
  RECOVERED,
  running,
  settled,
  started,
  STOP,
  submit,
} from '../helpers/inputs.ts';
import {
  actionIs,
  chartWith,
  guardIs,
  withoutAction,
  withoutAlways,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { endsTurnBy, threadMove } from '../helpers/without.ts';

describe('a turn that the provider begins', () => {
  rule('it is active where no turn is starting or running', {
    given: [...running('a'), ...finished('a')],
    when: [began('s')],
    holds: (is) => {
      expect(is.said()).toEqual([
        'turn.began turnId=s ordinal=2 attempt=1 origin=provider nativeTurnId=native-s',
        'thread.statusChanged status=running activeTurnId=s',
      ]);
    },
    without: { 'the beginning': withoutTransition('thread', 'bound.idle > provider.turnStarted') },
  });

  rule('nothing is handed over for it: it is live at once', {
    given: [...running('a'), ...finished('a')],
    when: [began('s')],
    holds: (is) => expect([is.did(), is.stage.charts.turn?.value]).toEqual([[], { live: 'streaming' }]),
    without: {
      'the look at its origin': guardIs('turn', 'isOfProvider', false),
      'the way': withoutAlways('turn', 'waiting', 0),
    },
  });

  rule('it has started when it begins', {
    given: [...running('a'), ...finished('a'), began('s')],
    when: finished('s'),
    holds: (is) => expect(is.said('turn.ended')).toEqual(['turn.ended turnId=s outcome=completed started']),
    without: { 'the start': withoutAction('turn', 'beginOfProvider') },
  });

  rule('it is a side turn where it conflicts with the active turn, and leaves the thread untouched', {
    given: running('a'),
    when: [began('s'), item('Completed', 's', { id: 'i', text: 'x' })],
    holds: (is) => {
      expect(is.said()).toEqual([
        'turn.began turnId=s ordinal=2 attempt=1 origin=provider side nativeTurnId=native-s',
        'item.completed item=(itemId=i body=(kind=assistant_message) text=x status=completed ordinal=2 turnId=s attempt=1)',
      ]);
      expect([is.status, is.active]).toEqual(['running', 'a']);
    },
    without: {
      'the side': chartWith('thread', 'bound.working', ({ on }) => {
        if (on) on['provider.turnStarted'] = { actions: [], target: '.starting' };
      }),
    },
  });

  rule('it becomes active only when no turn is starting or running', {
    given: [...running('a'), began('s')],
    when: finished('a'),
    holds: (is) => {
      expect([is.active, is.status]).toEqual(['s', 'running']);
      expect(is.said('turn.promoted')).toEqual(['turn.promoted turnId=s']);
    },
    without: { 'the promotion': withoutAlways('thread', 'bound.idle', 0) },
  });

  rule('it comes before the queue: the prompt that waits starts when it has completed', {
    given: [...running('a'), submit('b', 'queue'), began('s'), ...finished('a')],
    when: finished('s'),
    holds: (is) => {
      expect(
        is.said('turn.ended', 'turn.began').map((line) => line.split(' ').slice(0, 2).join(' ')),
      ).toEqual(['turn.ended turnId=s', 'turn.began turnId=b']);
    },
    without: { 'the order': withoutAlways('thread', 'bound.idle', 0) },
  });

  rule('its end is recorded once, when it ends', {
    given: [...running('a'), began('s')],
    when: [ended('s'), ended('s'), ...finished('a')],
    holds: (is) => expect([is.end('s'), is.end('a'), is.status]).toEqual(['completed', 'completed', 'ready']),
    without: { 'the look for it': guardIs('thread', 'isSide', false) },
  });

  rule('it is not active on a connection that is being closed', {
    given: [...running('a'), began('s'), STOP],
    when: [...finished('a', 'interrupted'), closed()],
    holds: (is) => expect([is.said('turn.promoted'), is.end('s')]).toEqual([[], 'interrupted stopped']),
    without: { 'the look at the close': guardIs('thread', 'hasSideTurn', true) },
  });

  rule('a lost connection fails it', {
    given: [...running('a'), began('s')],
    when: [lost()],
    holds: (is) =>
      expect([is.end('s'), is.end('a')]).toEqual(['failed CONNECTION_LOST', 'failed CONNECTION_LOST']),
    without: {
      'its end': actionIs(
        'thread',
        'noteLostTurn',
        threadMove((_, event: { output: never }) => ({
          toTurn: { type: '$lost', ...(event.output as object) } as never,
        })),
      ),
    },
  });

  rule('a restart of the server interrupts it', {
    given: [...running('a'), began('s')],
    when: [RECOVERED],
    holds: (is) =>
      expect([is.end('s'), is.turn('s')]).toEqual(['interrupted server-restarted', 'interrupted']),
    without: { 'its end': withoutAction('thread', 'noteLostTurn') },
  });

  rule('it does not begin where its connection is gone', {
    given: [...handed('a'), RECOVERED],
    when: [began('s')],
    holds: (is) => expect([is.answer, is.stage.context.sideTurns]).toEqual(['ignored', []]),
    without: { 'the look at the connection': guardIs('thread', 'isNewBeside', true) },
  });

  rule('at most 16 of them are followed at once', {
    given: [...running('a'), ...Array.from({ length: 16 }, (_, index) => began(`s${index}`))],
    when: [began('one-more')],
    holds: (is) => expect([is.answer, is.stage.context.sideTurns.length]).toEqual(['ignored', 16]),
    without: { 'the limit': guardIs('thread', 'isNewBeside', true) },
  });
});

describe('the start deadline beside a side turn', () => {
  const timerOf = (is: { stage: { timers: Readonly<Record<string, unknown>> } }) =>
    is.stage.timers['turn.startTimedOut'];
  const PAUSED = { afterMs: 600_000, idle: true };
  const PLAIN = { afterMs: 30_000, idle: false };

  rule('a side turn pauses the start deadline of a waiting prompt', {
    given: handed('a'),
    when: [began('s')],
    holds: (is) => expect(timerOf(is)).toMatchObject(PAUSED),
    without: {
      'the pause': withoutAction('thread', 'pauseStart'),
      'its reception': withoutAction('turn', 'pauseStart'),
    },
  });

  rule('the deadline runs again when the side turn has ended', {
    given: [...handed('a'), began('s')],
    when: [ended('s')],
    holds: (is) => expect(timerOf(is)).toMatchObject(PLAIN),
    without: { 'the resumption': withoutAction('thread', 'resumeStart') },
  });

  rule('it runs again only when the last of several has ended', {
    given: [...handed('a'), began('s'), began('u')],
    when: [ended('s')],
    holds: (is) => expect(timerOf(is)).toMatchObject(PAUSED),
    without: {
      'the others': actionIs(
        'thread',
        'resumeStart',
        threadMove(() => ({ toTurn: { type: '$resumeStart' } })),
      ),
    },
  });

  rule('it is paused from the first where the side turn was there before the prompt was sent', {
    given: [submit('a'), began('s')],
    when: [opened()],
    holds: (is) => expect(timerOf(is)).toMatchObject(PAUSED),
    without: {
      'the look at side turns': chartWith('thread', 'bound.working', ({ on }) => {
        if (on)
          on['$opened'] = {
            actions: [{ type: 'noteOpened', params: ({ event }: { event: object }) => event }, 'tellOnline'],
          };
      }),
    },
  });

  rule('it is paused for a new attempt too', {
    given: [...running('a'), began('s'), submit('b', 'steer')],
    when: [ended('a', 'interrupted')],
    holds: (is) => expect(timerOf(is)).toMatchObject(PAUSED),
    without: { 'the pause': withoutAction('thread', 'pauseStart') },
  });

  rule('it runs again when the provider says that nothing runs', {
    given: [...handed('a'), began('s')],
    when: [inactive('ready')],
    holds: (is) => expect([timerOf(is), is.active]).toMatchObject([PLAIN, 'a']),
    without: { 'the resumption': withoutAction('thread', 'resumeStart') },
  });
});

describe('a prompt that the provider folds into another turn', () => {
  rule('it ends as absorbed into that turn', {
    given: [...handed('a'), began('s')],
    when: [absorbed('a', 's')],
    holds: (is) => {
      expect(is.said('turn.ended')).toEqual(['turn.ended turnId=a outcome=absorbed into=s']);
      expect([is.active, is.status]).toEqual(['s', 'running']);
    },
    without: { 'the end': withoutTransition('turn', 'handing > provider.turnAbsorbed') },
  });

  rule('an acceptance under the id of a side turn means the same', {
    given: [...handed('a'), began('s')],
    when: [accepted('a', { native: 'native-s' })],
    holds: (is) => {
      expect(is.said('turn.ended')).toEqual(['turn.ended turnId=a outcome=absorbed into=s']);
      expect(is.said('turn.accepted')).toEqual([]);
    },
    without: { 'the look at the id': guardIs('thread', 'namesSideTurn', false) },
  });

  rule('an acceptance under an id of its own does not', {
    given: [...handed('a'), began('s')],
    when: [accepted('a', { native: 'native-a' }), ended('s'), started('a')],
    holds: (is) => {
      expect(is.said('turn.accepted')).toEqual(['turn.accepted turnId=a attempt=1 nativeTurnId=native-a']);
      expect([is.end('a'), is.active, is.turn('a')]).toEqual(['', 'a', 'running']);
    },
    without: { 'the look at the id': guardIs('thread', 'namesSideTurn', true) },
  });

  rule('its text is not sent again by itself, nor by a retry', {
    given: [...handed('a'), began('s'), absorbed('a', 's'), ...finished('s')],
    when: [retry('b')],
    holds: (is) => expect([is.answer, is.queue]).toEqual(['TURN_NOT_RETRYABLE', 'flowing: ']),
    without: {
      'the forgetting of it': endsTurnBy(({ set }, { activeTurn, retryable }) => ({
        set: { ...set, retryable: activeTurn?.prompt ?? retryable },
      })),
    },
  });
});

describe('a request of a side turn', () => {
  rule('it belongs to the connection, and outlives the active turn', {
    given: [...running('a'), began('s'), asked('s', 'r', { owner: 'connection' })],
    when: finished('a'),
    holds: (is) => expect(is.request('r')).toBe('open'),
    without: {
      'its owner': chartWith('thread', 'bound.working', (state) => {
        state.exit = { type: 'fact', params: { type: 'request.closed', requestId: 'r', outcome: 'expired' } };
      }),
    },
  });

  rule('the end of its connection expires it', {
    given: [...running('a'), began('s'), asked('s', 'r', { owner: 'connection' })],
    when: [interrupt(), lost(), settled('a')],
    holds: (is) => expect(is.request('r')).toBe('closed expired'),
    without: { 'the letting go': withoutAction('connection', 'letGo') },
  });
});
