/** What was said before is carried to a conversation that does not know it: planned, waited for, given once. */
import { describe, expect } from 'vitest';
import {
  accepted,
  built,
  closed,
  compact,
  DELETE,
  finished,
  interrupt,
  lost,
  notBuilt,
  openFailed,
  opened,
  RECOVERED,
  refused,
  running,
  started,
  submit,
  switchTo,
} from '../helpers/inputs.ts';
import { fires, type Cue, type Outcome } from '../helpers/given.ts';
import { actionIs, chartWith, guardIs, withoutAction, withoutTransition } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';
import { switched } from '../../machines/thread-transfers.ts';
import * as turns from '../../machines/thread-turns.ts';

const ONE = [...running('a'), ...finished('a')];
/** The second prompt's connection cannot go on with the conversation, and begins another one. */
const FELL_BACK: readonly Cue[] = [...ONE, lost(), submit('b'), openFailed(2, 'RESUME_FAILED')];
const REOPENED: readonly Cue[] = [...FELL_BACK, opened(2)];
/** The transfer that waits. */
const isBuilt: Cue = ({ context }) => built(context.transfers[0]?.transferId ?? 'none');
const isNotBuilt: Cue = ({ context }) => notBuilt(context.transfers[0]?.transferId ?? 'none');
const BEGUN: readonly Cue[] = [accepted('b', { on: 2 }), started('b', { on: 2 })];

const waiting = ({ stage }: Outcome): string[] =>
  stage.context.transfers.map(({ kind, after, until, status }) => `${kind} (${after}, ${until}] ${status}`);
/** How many transfers went with each prompt. */
const carried = ({ taken }: Outcome): number[] =>
  taken
    .flatMap(({ effects }) => effects)
    .flatMap((effect) => (effect.type === 'turn.start' ? [effect.transfers?.length ?? 0] : []));
const items = ({ stage }: Outcome) =>
  [...stage.tables.items.values()].flatMap(({ body, status }) =>
    body.kind === 'transfer'
      ? [[body.transfer, status, body.consumedBy ?? null, body.superseded ?? false]]
      : [],
  );
/** Nothing goes with any prompt. */
const NOT_HELD = actionIs(
  'thread',
  'tellOnline',
  threadMove((context) => {
    const online = turns.onlineOf({ ...context, transfers: [] });
    return online === null ? {} : { toTurn: { type: '$online', ...online } };
  }),
);
const ALWAYS_HELD = actionIs(
  'thread',
  'tellOnline',
  threadMove((context) => {
    const online = turns.onlineOf(context);
    const isTold = online !== null && context.transfers.length === 0;
    return { toTurn: isTold ? { type: '$online', ...online } : { type: '$held' } };
  }),
);

describe('what is carried', () => {
  rule('it is planned when the provider has forgotten the conversation, and shown at once', {
    given: ONE.concat(lost(), submit('b')),
    when: [openFailed(2, 'RESUME_FAILED')],
    holds: (is) => {
      expect([waiting(is), items(is)]).toEqual([
        ['resume (0, 1] building'],
        [['resume', 'open', null, false]],
      ]);
      expect([is.did('transfer.build').length, is.active]).toEqual([1, 'b']);
    },
    without: { 'the fallback': withoutTransition('connection', 'opening > connection.openFailed') },
  });

  rule('the prompt waits for it', {
    given: FELL_BACK,
    when: [opened(2)],
    holds: (is) => expect([carried(is), Object.keys(is.stage.timers)]).toEqual([[], ['handOver.timedOut']]),
    without: { 'the waiting': NOT_HELD },
  });

  rule('it goes with the prompt, and is consumed when the provider has taken that', {
    given: REOPENED,
    when: [isBuilt, ...BEGUN],
    holds: (is) => {
      expect([carried(is), waiting(is), items(is)]).toEqual([[1], [], [['resume', 'completed', 'b', false]]]);
      expect(is.said('transfer.consumed').length).toBe(1);
    },
    without: {
      'the consumption': withoutAction('thread', 'consumeTransfers'),
      'the word that it is there': withoutTransition('thread', 'bound.working > transfer.built'),
    },
  });

  rule('it is not consumed by a prompt that did not reach the provider', {
    given: [...REOPENED, isBuilt],
    when: [refused('b', { on: 2 })],
    holds: (is) => expect([waiting(is), is.said('transfer.consumed')]).toEqual([['resume (0, 1] ready'], []]),
    without: {
      'the difference': actionIs(
        'thread',
        'endTurn',
        threadMove(() => ({ set: { activeTurn: null, transfers: [] } })),
      ),
    },
  });

  rule('a prompt goes out without it when it takes too long, and that is said', {
    given: REOPENED,
    when: [fires('handOver.timedOut')],
    holds: (is) => {
      expect([carried(is), waiting(is)]).toEqual([[0], ['resume (0, 1] failed']]);
      expect(
        is.taken.flatMap(({ facts }) => facts).filter((fact) => fact.type === 'item.completed'),
      ).toMatchObject([
        { item: { body: { kind: 'transfer' }, status: 'failed' } },
        { item: { body: { kind: 'notice', topic: 'context.late' } } },
      ]);
    },
    without: { 'the bound': withoutTransition('thread', 'bound.working > handOver.timedOut') },
  });

  rule('what failed is tried again with the next prompt', {
    given: [...REOPENED, isNotBuilt, ...BEGUN, ...finished('b', 'completed', { on: 2 })],
    when: [submit('c')],
    holds: (is) =>
      expect([is.did('transfer.build').length, waiting(is), carried(is)]).toEqual([
        1,
        ['resume (0, 1] building'],
        [],
      ]),
    without: { 'the asking': withoutAction('thread', 'askForTransfers') },
  });

  rule('its wait is bounded for a prompt on an open connection, too', {
    given: [...REOPENED, isNotBuilt, ...BEGUN, ...finished('b', 'completed', { on: 2 })],
    when: [submit('c')],
    holds: (is) => expect(is.armed).toEqual(['handOver.timedOut']),
    without: { 'the bound': withoutAction('thread', 'boundHandOver') },
  });

  rule('its bound ends when the prompt goes out', {
    given: REOPENED,
    when: [isBuilt],
    holds: (is) => expect(is.armed).toEqual(['turn.startTimedOut']),
    without: {
      'the end': chartWith('turn', 'waiting', (state) => {
        delete state.exit;
      }),
    },
  });

  rule('what cannot be put together is shown at once, also when no prompt waits for it', {
    given: [...ONE, lost(1, { forgotten: true })],
    when: [isNotBuilt],
    holds: (is) => expect([waiting(is), items(is)[0]?.[1]]).toEqual([['resume (0, 1] failed'], 'failed']),
    without: { 'the way': withoutTransition('thread', ' > transfer.failed') },
  });

  rule('what is there already is not put together once more', {
    given: [...ONE, lost(1, { forgotten: true }), isBuilt],
    when: [isBuilt],
    holds: (is) => expect([is.answer, waiting(is)]).toEqual(['ignored', ['resume (0, 1] ready']]),
    without: { 'the look at it': guardIs('thread', 'isMissing', true) },
  });

  rule('what comes late goes with the next prompt', {
    given: [...REOPENED, fires('handOver.timedOut'), ...BEGUN],
    when: [isBuilt, ...finished('b', 'completed', { on: 2 }), submit('c')],
    holds: (is) => expect(carried(is)).toEqual([1]),
    without: { 'the taking in': guardIs('thread', 'isMissing', false) },
  });

  rule('a new run of the server puts together what the old one was to', {
    given: [...ONE, lost(1, { forgotten: true })],
    when: [RECOVERED],
    holds: (is) =>
      expect([is.did('transfer.build').length, waiting(is)]).toEqual([1, ['resume (0, 1] building']]),
    without: { 'the asking': withoutAction('thread', 'askAgain') },
  });

  rule('nothing of a deleted thread is put together any more', {
    given: [...ONE, lost(1, { forgotten: true })],
    when: [DELETE],
    holds: (is) => expect([waiting(is), items(is)]).toEqual([[], [['resume', 'interrupted', null, false]]]),
    without: { 'the end of it': withoutAction('thread', 'sayDeleted') },
  });

  rule('a compaction carries nothing, and does not wait', {
    given: [...ONE, lost(), compact('c'), openFailed(2, 'RESUME_FAILED')],
    when: [opened(2)],
    holds: (is) =>
      expect([is.did('turn.compact').length, waiting(is)]).toEqual([1, ['resume (0, 1] building']]),
    without: { 'the difference': ALWAYS_HELD },
  });

  rule('an interrupt ends the waiting', {
    given: REOPENED,
    when: [interrupt()],
    holds: (is) => expect([is.end('b'), Object.keys(is.stage.timers)]).toEqual(['interrupted user', []]),
    without: { 'the way': withoutTransition('turn', 'waiting > $interrupt') },
  });

  rule('a conversation that took no prompt knew nothing that would be carried', {
    given: [submit('a'), opened()],
    when: [lost(1, { forgotten: true })],
    holds: (is) => expect(waiting(is)).toEqual([]),
    without: {
      'the difference': actionIs(
        'thread',
        'noteLostTurn',
        threadMove((_, { output }: { output: { readonly how: 'lost' } }) => ({
          set: { transfers: [{ kind: 'resume', after: 0, until: 1, status: 'ready' } as never] },
          toTurn: { type: '$lost', ...output } as never,
        })),
      ),
    },
  });
});

describe('a switch to another provider', () => {
  /** On the other one, with a turn of its own. */
  const SWITCHED: readonly Cue[] = [...ONE, switchTo('j'), closed()];
  const THERE: readonly Cue[] = [
    ...SWITCHED,
    isBuilt,
    submit('b'),
    opened(2),
    ...BEGUN,
    ...finished('b', 'completed', { on: 2 }),
  ];

  rule('the connection is closed first, and the other one is told all of it', {
    given: ONE,
    when: [switchTo('j', 'm'), closed()],
    holds: (is) => {
      const { settings, session, otherSessions } = is.stage.context;
      expect([settings.instanceId, settings.model, session, is.status]).toEqual(['j', 'm', null, 'ready']);
      expect([waiting(is), Object.keys(otherSessions)]).toEqual([['switch (0, 1] building'], ['i']]);
      expect(is.stage.tables.state?.row).toMatchObject({ instanceId: 'j', model: 'm' });
    },
    without: { 'the switch': guardIs('thread', 'hasSwitch', false) },
  });

  rule('the one that it comes back to is told only what it has not seen', {
    given: THERE,
    when: [switchTo('i'), closed(2)],
    holds: (is) =>
      expect([is.stage.context.session?.nativeThreadId, waiting(is)]).toEqual([
        'native',
        ['switch (1, 2] building'],
      ]),
    without: {
      'the sessions': actionIs(
        'thread',
        'switchProvider',
        threadMove((context) => {
          const { set, ...move } = switched(context);
          return { ...move, set: { ...set, otherSessions: {} } };
        }),
      ),
    },
  });

  rule('there and back with nothing said leaves nothing to tell', {
    given: SWITCHED,
    when: [switchTo('i')],
    holds: (is) => {
      expect(waiting(is)).toEqual([]);
      expect(items(is)).toEqual([['switch', 'interrupted', null, true]]);
    },
    without: { 'the switch': guardIs('thread', 'hasSwitch', false) },
  });

  rule('it is refused while a turn runs', {
    given: running('a'),
    when: [switchTo('j')],
    holds: (is) => expect(is.answer).toBe('THREAD_BUSY'),
    without: {
      'the rule': (world) => ({ ...world, decide: () => null }),
    },
  });

  rule('to the same instance it has no effect', {
    given: ONE,
    when: [switchTo('i')],
    holds: (is) =>
      expect([is.said('command.noEffect').length, is.said('connection.closing')]).toEqual([1, []]),
    without: {
      'the look': actionIs(
        'thread',
        'noteSwitch',
        threadMove(({ settings, capabilities }) => ({ set: { switching: { ...settings, capabilities } } })),
      ),
    },
  });

  rule('a session that cannot be gone back to is told all of it after all', {
    given: [...THERE, switchTo('i'), closed(2), isBuilt, submit('c')],
    when: [openFailed(3, 'RESUME_FAILED')],
    holds: (is) =>
      expect([waiting(is), is.said('transfer.superseded').length]).toEqual([['resume (0, 2] building'], 1]),
    without: { 'the fallback': withoutAction('thread', 'fallBack') },
  });
});
