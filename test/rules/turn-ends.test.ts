import { describe, expect } from 'vitest';
import { fires } from '../helpers/given.ts';
import {
  began,
  ended,
  finished,
  handed,
  inactive,
  interrupt,
  item,
  link,
  openFailed,
  opened,
  asked,
  refused,
  running,
  settled,
  STOP,
  submit,
  cause,
} from '../helpers/inputs.ts';
import {
  actionIs,
  both,
  chartWith,
  foldsWithout,
  guardIs,
  withoutAction,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { endsAs, endsTurnBy, FAILED, INTERRUPTED } from '../helpers/without.ts';

const ANY_TURN = both(guardIs('thread', 'isActive', true), guardIs('turn', 'isMine', true));
/** Also where the root would have the last word. */
const ANY_TURN_ENDS = both(ANY_TURN, (world) => ({ ...world, canTake: () => true }));

describe('whose end it is', () => {
  rule('the completion of another turn is recorded and ignored', {
    given: running('a'),
    when: [ended('x', 'completed')],
    holds: (is) => {
      expect([is.answer, is.status, is.active]).toEqual(['ignored', 'running', 'a']);
      expect(is.value).toEqual([{ bound: { working: 'running' } }, 'open', { live: 'streaming' }]);
    },
    without: { 'a look at the turn id': ANY_TURN_ENDS },
  });

  rule('the abort of another turn is recorded and ignored', {
    given: running('a'),
    when: [ended('x', 'interrupted')],
    holds: (is) => expect([is.answer, is.value]).toEqual(['ignored', RUNNING]),
    without: { 'a look at the turn id': ANY_TURN_ENDS },
  });

  rule('an end without a turn id is ignored while a turn is active', {
    given: running('a'),
    when: [ended(null, 'completed')],
    holds: (is) => expect([is.answer, is.value]).toEqual(['ignored', RUNNING]),
    without: { 'a look at the turn id': ANY_TURN_ENDS },
  });

  rule('only the active turn settles the thread: the end of a side turn does not', {
    given: [...running('a'), began('s')],
    when: [ended('s', 'failed')],
    holds: (is) => {
      expect([is.status, is.active, is.end('s')]).toEqual(['running', 'a', 'failed PROVIDER_ERROR']);
      expect(is.said('thread.statusChanged')).toEqual([]);
    },
    without: {
      'the ends of side turns': both(
        guardIs('thread', 'isSide', false),
        guardIs('turn', 'isMine', true),
        guardIs('thread', 'isActive', true),
      ),
    },
  });
});

const RUNNING = [{ bound: { working: 'running' } }, 'open', { live: 'streaming' }];

describe('the one terminal fact', () => {
  rule('a turn has exactly one terminal fact, later ends are ignored', {
    given: running('a'),
    when: [...finished('a'), ended('a', 'failed'), ended('a', 'interrupted')],
    holds: (is) => {
      expect(is.end('a')).toBe('completed');
      expect(is.answer).toBe('ignored');
    },
    without: {
      'the one place where it is stated': endsTurnBy((move) => ({
        facts: [...(move.facts ?? []), ...(move.facts ?? [])],
      })),
    },
  });

  rule('the first end that is known stands', {
    given: [...running('a'), ended('a', 'completed')],
    when: [STOP, lostAs('CONNECTION_LOST')],
    holds: (is) => expect(is.end('a')).toBe('completed'),
    without: {
      'the memory of it': endsAs('endLost', FAILED),
    },
  });

  rule('working is left only through the end of the turn, which is told of a lost connection first', {
    given: running('a'),
    when: [lostAs('CONNECTION_LOST')],
    holds: (is) => {
      expect(is.said('connection.lost', 'turn.ended')).toEqual([
        'connection.lost connectionId=t1#1 failure=CONNECTION_LOST',
        'turn.ended turnId=a outcome=failed started failure=CONNECTION_LOST',
      ]);
      expect(is.value).toEqual([{ unbound: 'error' }, undefined, undefined]);
    },
    without: {
      'the telling': withoutAction('thread', 'noteLostTurn'),
      'the waiting for the turn': chartWith('thread', 'bound.working', ({ on }) => {
        if (on) on['xstate.done.actor.connection'] = { target: '#thread.unbound.error' };
      }),
    },
  });

  rule('a failed turn stays failed, it is not flattened into interrupted', {
    given: [...running('a'), interrupt()],
    when: finished('a', 'failed'),
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['failed PROVIDER_ERROR', 'error']),
    without: {
      'the outcome of the provider': endsAs('endReported', INTERRUPTED),
      'a status of its own': guardIs('thread', 'isInterrupted', true),
    },
  });

  rule('a turn that completes in spite of an interrupt is completed', {
    given: [...running('a'), interrupt()],
    when: finished('a', 'completed'),
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['completed', 'ready']),
    without: { 'the outcome of the provider': endsAs('endReported', INTERRUPTED) },
  });

  rule('an aborted turn leaves the thread interrupted, which welcomes a prompt as ready does', {
    given: running('a'),
    when: [...finished('a', 'interrupted'), submit('b')],
    holds: (is) => {
      expect(is.said('thread.statusChanged')).toEqual([
        'thread.statusChanged status=interrupted',
        'thread.statusChanged status=starting activeTurnId=b',
      ]);
    },
    without: { 'a status of its own': guardIs('thread', 'isInterrupted', false) },
  });

  rule('an end that comes before the start implies it', {
    given: handed('a'),
    when: finished('a'),
    holds: (is) => {
      expect(is.said('turn.started', 'turn.ended')).toEqual([
        'turn.started turnId=a attempt=1',
        'turn.ended turnId=a outcome=completed started',
      ]);
    },
    without: {
      'the end': withoutTransition('turn', 'handing > provider.turnEnded'),
      'the start': withoutAction('turn', 'begin'),
    },
  });
});

function lostAs(code: Parameters<typeof cause>[0]) {
  return { type: 'connection.lost', connectionId: link(), failure: cause(code) } as const;
}

describe('a connection that is lost in a turn', () => {
  const before = [...running('a'), item('Started', 'a', { id: 'i' }), asked('a', 'r')];

  rule('it fails the turn with CONNECTION_LOST, whatever broke it', {
    given: before,
    when: [lostAs('PROVIDER_UNREACHABLE')],
    holds: (is) => {
      expect([is.end('a'), is.status, is.lastError]).toEqual([
        'failed CONNECTION_LOST',
        'error',
        'CONNECTION_LOST',
      ]);
    },
    without: {
      'the code': actionIs('connection', 'endBroken', 'endLost'),
      'the failure': endsAs('endLost', INTERRUPTED),
    },
  });

  rule('it expires the requests of the turn', {
    given: before,
    when: [lostAs('CONNECTION_LOST')],
    holds: (is) => expect(is.request('r')).toBe('closed expired'),
    without: { 'the letting go': withoutAction('turn', 'letGo') },
  });

  rule('it leaves open items unknown', {
    given: before,
    when: [lostAs('CONNECTION_LOST')],
    holds: (is) => expect(is.item('i')).toBe('unknown'),
    without: { 'the closing of items': foldsWithout(({ fact }) => fact.type === 'turn.ended') },
  });
});

describe('a provider that says that nothing runs', () => {
  rule('a change to an inactive state clears the active turn', {
    given: running('a'),
    when: [inactive('ready'), settled('a')],
    holds: (is) =>
      expect([is.end('a'), is.active, is.status]).toEqual(['interrupted provider', null, 'interrupted']),
    without: { 'the change': withoutTransition('turn', 'live > provider.becameInactive') },
  });

  rule('an error state fails the active turn', {
    given: running('a'),
    when: [inactive('error'), settled('a')],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['failed PROVIDER_ERROR', 'error']),
    without: { 'the failure': endsAs('endInactive', INTERRUPTED) },
  });

  rule('an inactive state ends the side turns too, so that none of them becomes active', {
    given: [...running('a'), began('s')],
    when: [inactive('ready'), settled('a')],
    holds: (is) => expect([is.end('s'), is.status]).toEqual(['interrupted provider', 'interrupted']),
    without: { 'their end': withoutAction('thread', 'endSideTurns') },
  });

  rule('an inactive state does not end a prompt that is being handed over', {
    given: handed('a'),
    when: [inactive('ready')],
    holds: (is) => expect([is.answer, is.active]).toEqual(['ignored', 'a']),
    without: {
      'the difference': chartWith('turn', 'handing', ({ on }) => {
        if (on) on['provider.becameInactive'] = { target: 'over' };
      }),
    },
  });

  rule('a late session-started in mid-turn does not clear the active turn', {
    given: running('a'),
    when: [opened()],
    holds: (is) => expect([is.answer, is.value]).toEqual(['ignored', RUNNING]),
    without: {
      'the conversation that it names': guardIs('thread', 'isOtherConversation', true),
    },
  });

  rule('waiting for a person counts as running', {
    given: running('a'),
    when: [asked('a', 'r')],
    holds: (is) =>
      expect([is.status, is.active, is.stage.charts.turn?.value]).toEqual([
        'running',
        'a',
        { live: 'awaiting' },
      ]),
    without: {
      'a state of the turn alone': chartWith('thread', 'bound.working', ({ on }) => {
        if (on) on['provider.requestOpened'] = { target: '.starting' };
      }),
    },
  });
});

describe('a prompt that could not be handed over', () => {
  rule('it is a failed start where the connection cannot be opened', {
    given: [submit('a')],
    when: [openFailed()],
    holds: (is) => {
      expect(is.said('turn.ended')).toEqual(['turn.ended turnId=a outcome=failed failure=OPEN_FAILED']);
      expect(is.status).toBe('error');
    },
    without: { 'the failure': endsAs('endLost', INTERRUPTED) },
  });

  rule('it is a failed start where the connection does not open in time', {
    given: [submit('a')],
    when: [fires('connection.openTimedOut')],
    holds: (is) => {
      expect([is.end('a'), is.status]).toEqual(['failed OPEN_TIMED_OUT', 'error']);
      expect(is.did('connection.kill')).toEqual(['connection.kill connectionId=t1#1']);
    },
    without: {
      'the deadline': withoutTransition('connection', 'opening > connection.openTimedOut'),
      'the kill': withoutAction('connection', 'kill'),
    },
  });

  rule('it is a failed start where the provider refuses it, not an aborted turn', {
    given: handed('a'),
    when: [refused('a')],
    holds: (is) => {
      expect(is.said('turn.ended')).toEqual(['turn.ended turnId=a outcome=failed failure=START_REFUSED']);
      expect(is.status).toBe('error');
    },
    without: { 'the failure': endsAs('endRefused', INTERRUPTED) },
  });

  rule('it is a failed start where the provider does not begin it in time', {
    given: handed('a'),
    when: [fires('turn.startTimedOut')],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['failed START_TIMED_OUT', 'error']),
    without: {
      'the failure': endsAs('endUnstarted', INTERRUPTED),
      'the deadline': withoutTransition('turn', 'handing > turn.startTimedOut'),
    },
  });

  rule('it stays a failed start where an interrupt was asked for meanwhile', {
    given: [...handed('a'), interrupt()],
    when: [refused('a')],
    holds: (is) => expect(is.end('a')).toBe('failed START_REFUSED'),
    without: { 'the failure': endsAs('endRefused', INTERRUPTED) },
  });
});
