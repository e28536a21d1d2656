import { describe, expect } from 'vitest';
import { by } from '../../machines/act.ts';
import {
  accepted,
  ARCHIVE,
  asked,
  built,
  began,
  closed,
  closeFailed,
  delayed,
  ended,
  finished,
  handed,
  idled,
  inactive,
  interrupt,
  lost,
  openFailed,
  opened,
  RECOVERED,
  replaced,
  RESUME,
  running,
  settled,
  started,
  STOP,
  submit,
} from '../helpers/inputs.ts';
import {
  actionIs,
  chartWith,
  foldsWithout,
  guardIs,
  withoutAction,
  withoutTransition,
  withoutAlways,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { endsTurnBy, threadMove } from '../helpers/without.ts';
import { DEADLINES_MS } from '../../machines/domain/timer.ts';

const READY = [...running('a'), ...finished('a')];

describe('a conversation that is replaced', () => {
  rule('the conversation that the provider has begun last is the one that is resumed', {
    given: READY,
    when: [
      replaced('another'),
      submit('b'),
      accepted('b'),
      started('b'),
      ...finished('b'),
      idled(),
      closed(),
      submit('c'),
    ],
    holds: (is) => {
      expect(is.said('connection.opening')).toEqual(['connection.opening connectionId=t1#2 resume=another']);
    },
    without: {
      'a second opening': withoutTransition('connection', 'open > connection.opened'),
    },
  });
});

describe('the status of a thread', () => {
  rule('a new thread is ready and unbound until its first prompt', {
    given: [],
    when: [submit('a')],
    holds: (is) => {
      expect(is.stage.tables.state?.row.createdAt).toBe(1);
      expect(is.said('thread.statusChanged')).toEqual([
        'thread.statusChanged status=starting activeTurnId=a',
      ]);
      expect(is.said('connection.opening')).toEqual(['connection.opening connectionId=t1#1']);
    },
    without: {
      'the first state': chartWith('thread', '', (state) => Object.assign(state, { initial: 'bound' })),
    },
  });

  rule('the active turn is set in starting and running only', {
    given: handed('a'),
    when: [started('a'), ...finished('a')],
    holds: (is) => {
      expect(is.said('thread.statusChanged')).toEqual([
        'thread.statusChanged status=running activeTurnId=a',
        'thread.statusChanged status=ready',
      ]);
    },
    without: {
      'the clearing': endsTurnBy(({ set }, { activeTurn }) => ({ set: { ...set, activeTurn } })),
    },
  });

  for (const [word, outcome] of [
    ['ready', 'completed'],
    ['interrupted', 'interrupted'],
    ['error', 'failed'],
  ] as const) {
    rule(`a close for idleness keeps the word ${word}`, {
      given: [...running('a'), ...finished('a', outcome)],
      when: [idled(), closed()],
      holds: (is) => {
        expect([is.status, is.value]).toEqual([word, [{ unbound: word }, undefined, undefined]]);
        expect(is.said('thread.statusChanged')).toEqual([]);
      },
      without: {
        'the word': chartWith('thread', `bound.idle.${word}`, (state) => {
          const done = { target: '#thread.unbound.stopped', actions: by('noteGone') };
          state.on = { ...state.on, 'xstate.done.actor.connection': done };
        }),
      },
    });
  }

  rule('a thread that a person stops is stopped', {
    given: READY,
    when: [STOP, closed()],
    holds: (is) => expect([is.status, is.said('connection.closed').length]).toEqual(['stopped', 1]),
    without: { 'the word': guardIs('thread', 'isStopped', false) },
  });

  rule('a thread that is found without its server is stopped', {
    given: READY,
    when: [RECOVERED],
    holds: (is) => expect(is.status).toBe('stopped'),
    without: { 'the word': guardIs('thread', 'isStopped', false) },
  });

  rule('a connection that is lost without a turn leaves an error', {
    given: READY,
    when: [lost()],
    holds: (is) => expect([is.status, is.lastError]).toEqual(['error', 'CONNECTION_LOST']),
    without: { 'the failure': guardIs('thread', 'isQuiet', true) },
  });

  rule('the last error is kept in any status until the next ready', {
    given: [...running('a'), ...finished('a', 'failed'), submit('b'), accepted('b'), started('b')],
    when: finished('b', 'interrupted'),
    holds: (is) => expect([is.status, is.lastError]).toEqual(['interrupted', 'PROVIDER_ERROR']),
    without: {
      'the keeping': chartWith('thread', 'bound.idle.interrupted', (state) => {
        state.entry = 'clearError';
      }),
      'the setting': endsTurnBy(({ set }) => ({ set: { ...set, lastError: null } })),
    },
  });

  rule('ready clears the last error', {
    given: [...running('a'), ...finished('a', 'failed'), submit('b'), accepted('b'), started('b')],
    when: finished('b'),
    holds: (is) => expect([is.status, is.lastError]).toEqual(['ready', null]),
    without: { 'the clearing': withoutAction('thread', 'clearError') },
  });
});

describe('an opening that waits for its provider to be made anew', () => {
  rule('takes as long as that takes, and the transcript says why', {
    given: [submit('a')],
    when: [delayed()],
    holds: (is) => {
      expect(is.stage.timers['connection.openTimedOut']?.afterMs).toBe(DEADLINES_MS.delayed);
      expect(is.said('item.completed').at(-1)).toContain('topic=instance.renewing');
      expect([is.status, is.active]).toEqual(['starting', 'a']);
    },
    without: {
      'the time': withoutAction('connection', 'delay'),
      'the word': withoutAction('thread', 'sayDelayed'),
    },
  });
});

describe('the session of the provider', () => {
  const sessionOf = (is: { stage: { context: { session: unknown } } }) => is.stage.context.session;
  const PROVISIONAL = { nativeThreadId: 'native', state: 'provisional' };
  const CONFIRMED = { nativeThreadId: 'native', state: 'confirmed' };

  rule('a resume handle is provisional from the native creation', {
    given: [submit('a')],
    when: [opened()],
    holds: (is) => expect(sessionOf(is)).toEqual(PROVISIONAL),
    without: { 'the note': withoutAction('thread', 'noteOpened') },
  });

  rule('a resume handle is confirmed after the first accepted turn', {
    given: handed('a'),
    when: [accepted('a')],
    holds: (is) => expect(sessionOf(is)).toEqual(CONFIRMED),
    without: { 'the confirmation': withoutAction('thread', 'confirmSession') },
  });

  rule('a start that overtakes its acceptance confirms it too', {
    given: handed('a'),
    when: [started('a'), accepted('a')],
    holds: (is) => expect(sessionOf(is)).toEqual(CONFIRMED),
    without: {
      'the confirmation': chartWith('thread', 'bound.working', ({ on }) => {
        if (on) on['$started'] = { target: '.running' };
      }),
    },
  });

  rule('a provisional handle is not resumed', {
    given: [...handed('a'), lost()],
    when: [submit('b')],
    holds: (is) => expect(is.said('connection.opening')).toEqual(['connection.opening connectionId=t1#2']),
    without: {
      'the difference': actionIs(
        'thread',
        'noteOpened',
        threadMove(({ link }) => ({
          set: {
            link: { ...link, phase: 'open' },
            session: { nativeThreadId: 'native', state: 'confirmed' },
          },
        })),
      ),
    },
  });

  rule('a confirmed handle is resumed by the next connection', {
    given: [...READY, lost()],
    when: [submit('b')],
    holds: (is) =>
      expect(is.said('connection.opening')).toEqual(['connection.opening connectionId=t1#2 resume=native']),
    without: { 'the confirmation': withoutAction('thread', 'confirmSession') },
  });

  rule('another conversation that the provider has begun in its place is told what was said before', {
    given: [...running('a'), ...finished('a', 'interrupted'), lost(), submit('b')],
    when: [
      { ...opened(2), nativeThreadId: 'another', resumed: false } as ReturnType<typeof opened>,
      ({ context }) => built(context.transfers[0]?.transferId ?? 'none'),
      accepted('b', { on: 2 }),
    ],
    holds: (is) => {
      expect(is.said('connection.sessionForgotten')).toEqual([
        'connection.sessionForgotten nativeThreadId=native failure=RESUME_FAILED',
      ]);
      expect([is.active, sessionOf(is)]).toEqual(['b', { ...CONFIRMED, nativeThreadId: 'another' }]);
    },
    without: { 'the word of it': withoutAction('connection', 'sayForgotten') },
  });

  rule('a conversation of which the provider has kept nothing is not resumed', {
    given: running('a'),
    when: [lost(1, { forgotten: true }), submit('b')],
    holds: (is) =>
      expect([
        is.end('a'),
        is.said('connection.opening').at(-1),
        is.said('connection.sessionForgotten'),
      ]).toEqual([
        'failed CONNECTION_LOST',
        'connection.opening connectionId=t1#2',
        ['connection.sessionForgotten nativeThreadId=native failure=CONNECTION_LOST'],
      ]),
    without: { 'the word of it': actionIs('connection', 'endBroken', 'endUnopened') },
  });

  rule('a failed resume is reported, and the same connection begins a new conversation', {
    given: [...READY, lost(), submit('b')],
    when: [openFailed(2, 'RESUME_FAILED')],
    holds: (is) => {
      expect(is.said('connection.sessionForgotten')).toEqual([
        'connection.sessionForgotten nativeThreadId=native failure=RESUME_FAILED',
      ]);
      expect([is.active, is.said('connection.opening')]).toEqual([
        'b',
        ['connection.opening connectionId=t1#2'],
      ]);
    },
    without: {
      'the report': withoutTransition('thread', 'bound > $forgotten'),
      'the way back': withoutTransition('connection', 'opening > connection.openFailed'),
    },
  });
});

describe('a connection that opens without a turn', () => {
  rule('it takes the next prompt at once', {
    given: [submit('a'), interrupt(), opened()],
    when: [submit('b')],
    holds: (is) => expect(is.did('turn.start').length).toBe(1),
    without: { 'the note': withoutTransition('thread', 'bound > $opened') },
  });

  rule('a side turn that began meanwhile becomes active when it is open', {
    given: [submit('a'), began('s'), interrupt()],
    when: [opened()],
    holds: (is) => expect([is.active, is.status]).toEqual(['s', 'running']),
    without: { 'the look at side turns': withoutAlways('thread', 'bound.idle', 0) },
  });

  rule('a side turn that has ended meanwhile does not', {
    given: [submit('a'), began('s'), interrupt()],
    when: [ended('s'), opened()],
    holds: (is) => expect([is.end('s'), is.active]).toEqual(['completed', null]),
    without: { 'its end': withoutTransition('thread', 'bound > provider.turnEnded') },
  });
});

describe('an idle connection', () => {
  rule('it is not closed in a turn', {
    given: running('a'),
    when: [idled()],
    holds: (is) => expect(is.answer).toBe('ignored'),
    without: {
      'the look at the turn': chartWith('thread', 'bound', ({ on }) => {
        if (on) on['connection.idled'] = { actions: by('toConnection') };
      }),
    },
  });

  rule('it is not closed with an open request', {
    given: [...READY, asked('s', 'r', { owner: 'connection' })],
    when: [idled()],
    holds: (is) => expect(is.answer).toBe('ignored'),
    without: { 'the look at the requests': guardIs('connection', 'isMineAndQuiet', true) },
  });

  rule('its close keeps the word: ready', {
    given: READY,
    when: [idled(), closed()],
    holds: (is) =>
      expect([is.status, is.value]).toEqual(['ready', [{ unbound: 'ready' }, undefined, undefined]]),
    without: { 'the look at the reason': guardIs('thread', 'isQuiet', false) },
  });

  rule('its close keeps the word: interrupted', {
    given: [...running('a'), interrupt(), ...finished('a', 'interrupted')],
    when: [idled(), closed()],
    holds: (is) => expect([is.status, is.lastError]).toEqual(['interrupted', null]),
    without: { 'the look at the reason': guardIs('thread', 'isQuiet', false) },
  });

  rule('it is closed by archiving, also while it opens', {
    given: [submit('a'), interrupt()],
    when: [ARCHIVE],
    holds: (is) => expect(is.did('connection.close')).toEqual(['connection.close connectionId=t1#1']),
    without: { 'the close': withoutAction('thread', 'closeToArchive') },
  });

  rule('every opening has a connection id of its own', {
    given: [...READY, lost()],
    when: [submit('b')],
    holds: (is) => expect(is.said('connection.opening')[0]).toContain('connectionId=t1#2'),
    without: {
      'the counter': actionIs(
        'thread',
        'bind',
        threadMove(() => ({
          set: { connectionCount: 1, link: { phase: 'opening', closing: null, end: null, folds: false } },
        })),
      ),
    },
  });

  rule('a close that was asked for in vain leaves the queue as it is', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed'), STOP, closeFailed()],
    when: [RESUME],
    holds: (is) => expect([is.active, is.stage.context.connectionCount]).toEqual(['b', 1]),
    without: { 'the kept connection': withoutAction('thread', 'noteKept') },
  });

  rule('what it said of the thread is kept in the rows of the thread', {
    given: running('a'),
    when: [inactive('error'), settled('a')],
    holds: (is) => expect(is.stage.tables.state?.row).toMatchObject({ status: 'error', activeTurnId: null }),
    without: { 'the fold of the status': foldsWithout(({ fact }) => fact.type === 'thread.statusChanged') },
  });
});
