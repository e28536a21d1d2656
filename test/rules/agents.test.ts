/** Sub-agents: threads of their own that the connection of another thread carries. */
import { describe, expect } from 'vitest';
import { adopted, agentStarted, SUBAGENT } from '../helpers/agent-inputs.ts';
import type { Cue, Outcome } from '../helpers/given.ts';
import {
  accepted,
  ARCHIVE,
  asked,
  began,
  CAPABILITIES,
  closed,
  ended,
  interrupt,
  lost,
  opened,
  OTHER_INSTANCE,
  RECOVERED,
  respond,
  running,
  settled,
  started,
  STOP,
  submit,
} from '../helpers/inputs.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import { withBefore } from '../../machines/thread-checkpoints.ts';
import { activeOfProvider } from '../../machines/thread-turns.ts';
import {
  actionIs,
  chartWith,
  decidesBy,
  guardIs,
  withoutAction,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';

/** Of the connection that carries it; one of its own would be the first. */
const ON = 9;
const begins: readonly Cue[] = [adopted(ON), began('a', { on: ON })];
const completes: readonly Cue[] = [ended('a', 'completed', { on: ON }), settled('a')];
const alone: readonly Cue[] = [adopted(ON, { nativeThreadId: null }), began('a', { on: ON }), ...completes];
const NO_PLACE = withoutTransition('thread', 'unbound > connection.adopted');
const NO_LINK = { phase: 'none', closing: null, end: null, folds: false } as const;
const opens = (is: Outcome): string[] => is.did('tell').filter((line) => line.includes('connection.open'));

describe('the thread that begins a sub-agent', () => {
  rule('makes it a thread of its own and lets it live, in the same transaction', {
    given: running('a'),
    when: [agentStarted('a')],
    holds: (is) => {
      expect(is.said()).toEqual(['subagent.started childId=child itemId=agent turnId=a']);
      const [create = '', adopt = ''] = is.did('tellThread');
      expect(create).toMatch(
        /threadId=child input=\(type=thread.create .*kind=subagent parentId=t1 turnId=a/,
      );
      expect(adopt).toMatch(/threadId=child input=\(type=connection.adopted/);
    },
    without: { 'the beginning': withoutAction('thread', 'startAgent') },
  });

  rule('does so between its turns, too', {
    given: [...running('a'), ended('a'), settled('a')],
    when: [agentStarted('a')],
    holds: (is) => expect([is.answer, is.status]).toEqual(['taken', 'ready']),
    without: { 'the way in a bound thread': withoutTransition('thread', 'bound > provider.agentStarted') },
  });

  rule('takes no word of it from a connection that is not its own', {
    given: running('a'),
    when: [agentStarted('a', 0)],
    holds: (is) => expect(is.answer).toBe('ignored'),
    without: { 'the fence': guardIs('thread', 'isOfLiveLink', true) },
  });
});

describe('a sub-agent', () => {
  rule('is live without a connection being opened for it', {
    lineage: SUBAGENT,
    when: [adopted(ON)],
    holds: (is) => {
      expect(is.value).toEqual([{ bound: { idle: 'ready' } }, 'open', undefined]);
      expect(is.did()).toEqual([
        'tell instanceId=i input=(type=instance.hold threadId=t1 connectionId=t1#9)',
      ]);
    },
    without: { 'the way': NO_PLACE, 'the open connection': guardIs('connection', 'isCarried', false) },
  });

  rule('no other thread is made one', {
    when: [adopted(ON)],
    holds: (is) =>
      expect([is.answer, is.value]).toEqual(['ignored', [{ unbound: 'ready' }, undefined, undefined]]),
    without: { 'the look at where it comes from': guardIs('thread', 'isSubagent', true) },
  });

  rule('is not given to another provider than it is set to', {
    lineage: SUBAGENT,
    when: [adopted(ON, { instanceId: OTHER_INSTANCE })],
    holds: (is) => expect(is.answer).toBe('ignored'),
    without: { 'the look at its provider': guardIs('thread', 'isSubagent', true) },
  });

  rule('has turns of its own, which its provider begins', {
    lineage: SUBAGENT,
    when: [...begins, ...completes],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['completed', 'ready']),
    without: { 'the way': NO_PLACE },
  });

  rule('asks on its own thread, and is answered by what carries it', {
    lineage: SUBAGENT,
    given: begins,
    when: [asked('a', 'R', { on: ON }), respond('R')],
    holds: (is) => expect(is.did('request.answer').join()).toMatch(/connectionId=t1#9 requestId=R/),
    without: { 'its connection': withoutAction('turn', 'answerRequest') },
  });

  rule('is interrupted by itself', {
    lineage: SUBAGENT,
    given: begins,
    when: [interrupt()],
    holds: (is) => expect(is.did('turn.interrupt').join()).toMatch(/connectionId=t1#9/),
    without: { 'the interrupt': withoutAction('thread', 'interruptTurn') },
  });

  rule('what carries it ends: so does its turn', {
    lineage: SUBAGENT,
    given: begins,
    when: [closed(ON)],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['interrupted stopped', 'interrupted']),
    without: { 'the end': withoutTransition('connection', 'open > connection.closed') },
  });

  rule('what carries it is lost: so is its turn', {
    lineage: SUBAGENT,
    given: begins,
    when: [lost(ON)],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['failed CONNECTION_LOST', 'error']),
    without: { 'the telling': withoutAction('thread', 'noteLostTurn') },
  });

  rule('it is over: it stays as it was, and its provider is let go', {
    lineage: SUBAGENT,
    given: [...begins, ...completes],
    when: [closed(ON)],
    holds: (is) => {
      expect(is.status).toBe('ready');
      expect(is.did('tell').join()).toMatch(/type=instance.release .*connectionId=t1#9/);
    },
    without: { 'the release': withoutAction('connection', 'letGo') },
  });

  rule('what carries it lets go of it before its end is complete: it stands', {
    lineage: SUBAGENT,
    given: [...begins, ended('a', 'completed', { on: ON })],
    when: [closed(ON)],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['completed', 'ready']),
    without: { 'the look at what became of it': guardIs('thread', 'isLetGo', false) },
  });

  rule('a restart stops it, as any thread', {
    lineage: SUBAGENT,
    given: begins,
    when: [RECOVERED],
    holds: (is) => expect([is.end('a'), is.status]).toEqual(['interrupted SERVER_RESTARTED', 'stopped']),
    without: { 'the restart': withoutAction('thread', 'restartConnection') },
  });

  rule('a stop of it lets go of it alone', {
    lineage: SUBAGENT,
    given: [...begins, ...completes],
    when: [STOP, closed(ON)],
    holds: (is) => {
      expect(is.did('connection.close')).toEqual(['connection.close connectionId=t1#9']);
      expect(is.status).toBe('stopped');
    },
    without: { 'the close': withoutAction('thread', 'closeToStop') },
  });

  rule('one that a person has put away is seen again when it is at work', {
    lineage: SUBAGENT,
    given: [ARCHIVE],
    when: begins,
    holds: (is) => {
      expect(is.said('thread.unarchived')).toHaveLength(1);
      expect(is.stage.context.archived).toBe(false);
    },
    without: { 'the way': NO_PLACE },
  });

  rule('is at work again on the same connection', {
    lineage: SUBAGENT,
    when: [...begins, ...completes, closed(ON), adopted(ON), began('b', { on: ON })],
    holds: (is) => expect([is.active, is.status]).toEqual(['b', 'running']),
    without: { 'the way': NO_PLACE },
  });

  rule('is carried again where a person has gone on with it by itself, and nothing runs', {
    lineage: SUBAGENT,
    when: [
      submit('b'),
      opened(1),
      ...[accepted, started, ended, settled].map((said) => said('b')),
      adopted(ON),
      began('c', { on: ON }),
    ],
    holds: (is) => {
      expect(is.did('connection.kill')).toEqual(['connection.kill connectionId=t1#1']);
      expect(is.did('tell').join()).toMatch(/type=instance.release .*connectionId=t1#1/);
      expect([is.active, is.status]).toEqual(['c', 'running']);
    },
    without: {
      'the way': withoutTransition('thread', 'bound.idle > connection.adopted'),
      'the end of its own': withoutAction('thread', 'giveWay'),
    },
  });

  rule('goes on with what a person asked, though its parent is at it again', {
    lineage: SUBAGENT,
    given: [submit('b'), opened(1), accepted('b'), started('b')],
    when: [adopted(ON)],
    holds: (is) => expect([is.answer, is.active]).toEqual(['ignored', 'b']),
    without: {
      'its place between turns': chartWith('thread', 'bound.working', (state) => {
        state.on = { ...state.on, 'connection.adopted': { actions: 'interruptTurn' } };
      }),
    },
  });

  rule('what it changes counts as done in the turn of its parent', {
    lineage: SUBAGENT,
    settings: { checkpoints: true },
    when: begins,
    holds: (is) => expect(is.did('checkpoint.capture')).toEqual([]),
    without: {
      'the look at who carries it': actionIs(
        'thread',
        'beginOfProvider',
        threadMove((context, { turnId }: ThreadInputOf<'provider.turnStarted'>) => {
          if (turnId === null) return {};
          const activeTurn = activeOfProvider(context, { turnId, nativeTurnId: null });
          return withBefore(context, { set: { activeTurn } }, turnId);
        }),
      ),
    },
  });
});

describe('a prompt to a sub-agent', () => {
  rule('goes by the connection that carries it', {
    lineage: SUBAGENT,
    when: [adopted(ON), submit('b'), accepted('b', { on: ON }), started('b', { on: ON })],
    holds: (is) => {
      expect(is.did('turn.start').join()).toMatch(/connectionId=t1#9/);
      expect([is.status, opens(is)]).toEqual(['running', []]);
    },
    without: { 'the way': NO_PLACE },
  });

  rule('resumes its conversation when nothing carries it any more', {
    lineage: SUBAGENT,
    when: [...begins, ...completes, closed(ON), submit('b')],
    holds: (is) => expect(opens(is).join()).toMatch(/connectionId=t1#1 .*resume=native-child/),
    without: { 'what it was': withoutAction('thread', 'adopt') },
  });

  rule('begins a conversation that is told what was said, where there was none of its own', {
    lineage: SUBAGENT,
    when: [...alone, closed(ON), submit('b')],
    holds: (is) => {
      expect(opens(is).join()).toMatch(/connectionId=t1#1\)\)$/);
      const plans = is.stage.context.transfers.map(({ kind, after, until }) => `${kind} ${after}-${until}`);
      expect(plans).toEqual(['resume 0-1']);
      expect(is.did('transfer.build')).toHaveLength(1);
    },
    without: {
      'the story': actionIs(
        'thread',
        'bind',
        threadMove(({ link, connectionCount }) =>
          link.phase === 'open'
            ? {}
            : { set: { connectionCount: connectionCount + 1, link: { ...NO_LINK, phase: 'opening' } } },
        ),
      ),
    },
  });

  rule('waits for the end of what carries it, where that has no place for it', {
    lineage: SUBAGENT,
    given: alone,
    when: [submit('b'), closed(ON), opened(1)],
    holds: (is) => {
      expect(is.did('connection.close')).toEqual(['connection.close connectionId=t1#9']);
      expect([is.active, is.status]).toEqual(['b', 'starting']);
    },
    without: { 'the close': withoutAction('thread', 'closeToReopen') },
  });

  rule('joins no turn of it that has no place for one', {
    lineage: SUBAGENT,
    given: alone.slice(0, 2),
    when: [submit('b', 'steer')],
    holds: (is) => expect(is.answer).toBe('CAPABILITY_UNSUPPORTED'),
    without: { 'the look at its place': decidesBy(() => () => null) },
  });

  rule('what it can do is what its provider offers there, and all of it by itself', {
    lineage: SUBAGENT,
    given: [adopted(ON, { capabilities: { ...CAPABILITIES, interrupt: false } }), began('a', { on: ON })],
    when: [interrupt('a'), closed(ON)],
    holds: (is) => {
      expect(is.taken[0]?.refusal?.code).toBe('CAPABILITY_UNSUPPORTED');
      expect(is.stage.context.capabilities.interrupt).toBe(true);
    },
    without: {
      'what it can do by itself': actionIs(
        'thread',
        'endTurn',
        threadMove(({ capabilities }) => ({
          set: { activeTurn: null, capabilities: { ...capabilities, interrupt: false } },
        })),
      ),
    },
  });
});

describe('a connection of its own', () => {
  rule('is not ended by a close that nobody has asked for', {
    given: running('a'),
    when: [closed(1)],
    holds: (is) => expect([is.answer, is.status]).toEqual(['ignored', 'running']),
    without: { 'the look at what carries it': guardIs('connection', 'isMineAndCarried', true) },
  });
});
