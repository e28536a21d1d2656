import { describe, expect } from 'vitest';
import { turnIdAgain, turnIdSchema } from '../../machines/domain/ids.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import { fires } from '../helpers/given.ts';
import {
  asked,
  began,
  DELETE,
  ended,
  finished,
  handed,
  interrupt,
  item,
  lookedUp,
  lost,
  opened,
  RECOVERED,
  RESUME,
  running,
  STOP,
  submit,
  steerAccepted,
  runningNative,
  accepted,
  retry,
} from '../helpers/inputs.ts';
import { chartWith, foldsWithout, guardIs, withoutAction, withoutTransition } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { ALWAYS_FLOWS, COMPLETED, endsAs, endsTurnBy, FAILED } from '../helpers/without.ts';

const HANDED = [...handed('a'), submit('b', 'queue'), RECOVERED];

describe('a new run of the server', () => {
  rule('a thread without a live session is stopped, its turn interrupted, and the last error says why', {
    given: running('a'),
    when: [RECOVERED],
    holds: (is) => {
      expect(is.said('turn.ended', 'thread.statusChanged')).toEqual([
        'turn.ended turnId=a outcome=interrupted started failure=SERVER_RESTARTED reason=server-restarted',
        'thread.statusChanged status=stopped lastError=SERVER_RESTARTED',
      ]);
    },
    without: {
      'the word': guardIs('thread', 'isGoneToStop', false),
      'the reason': endsAs('endLost', FAILED),
      'the last error': endsTurnBy(({ set }) => ({ set: { ...set, lastError: null } })),
    },
  });

  rule('nothing is shown as running without a live provider actor behind it', {
    given: running('a'),
    when: [RECOVERED],
    holds: (is) => expect([is.value, is.armed]).toEqual([[{ unbound: 'stopped' }, undefined, undefined], []]),
    without: { 'the end of the connection': withoutAction('thread', 'restartConnection') },
  });

  rule('queued prompts survive a restart, held', {
    given: [...running('a'), submit('b', 'queue')],
    when: [RECOVERED],
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held restarted: b']),
    without: { 'the hold': (world) => withoutAction('thread', 'holdForRestart')(ALWAYS_FLOWS(world)) },
  });

  rule('they are held also where the turn had just completed', {
    given: [...running('a'), submit('b', 'queue'), ended('a')],
    when: [RECOVERED],
    holds: (is) =>
      expect([is.end('a'), is.active, is.queue]).toEqual(['completed', null, 'held restarted: b']),
    without: { 'the hold': withoutAction('thread', 'holdForRestart') },
  });

  rule('they are held where no turn ran', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a', 'failed')],
    when: [RECOVERED],
    holds: (is) => expect(is.queue).toBe('held restarted: b'),
    without: { 'the hold': withoutAction('thread', 'holdForRestart') },
  });

  rule('a restart that was asked for does not run by itself', {
    given: [...running('a'), submit('b', 'restart')],
    when: [RECOVERED],
    holds: (is) => expect([is.active, is.queue]).toEqual([null, 'held restarted: b']),
    without: { 'the hold': (world) => withoutAction('thread', 'holdForRestart')(ALWAYS_FLOWS(world)) },
  });

  rule('open requests expire and open items are interrupted', {
    given: [...running('a'), item('Started', 'a', { id: 'i' }), asked('a', 'r')],
    when: [RECOVERED],
    holds: (is) => {
      expect(is.request('r')).toBe('closed expired');
      expect(is.item('i')).toBe('interrupted');
    },
    without: {
      'the letting go': withoutAction('turn', 'letGo'),
      'the closing of items': foldsWithout(({ fact }) => fact.type === 'turn.ended'),
    },
  });

  rule('a prompt that had not been sent is back at the head of the held queue', {
    given: [submit('a'), submit('b', 'queue')],
    when: [RECOVERED],
    holds: (is) => {
      expect([is.end('a'), is.queue, is.status]).toEqual([
        'failed NOT_DELIVERED',
        `held failed: ${turnIdAgain(turnIdSchema.parse('a'))}, b`,
        'stopped',
      ]);
      expect(is.stage.context.queue.entries[0]?.failure?.code).toBe('NOT_DELIVERED');
    },
    without: {
      'the return': withoutAction('turn', 'returnPrompt'),
      'the outcome': endsAs('endUndelivered', COMPLETED),
    },
  });

  rule('an unbound thread has nothing to recover', {
    given: [...running('a'), lost()],
    when: [RECOVERED],
    holds: (is) => expect([is.answer, is.status]).toEqual(['ignored', 'error']),
    without: {
      'the difference': chartWith('thread', 'unbound', ({ on }) => {
        if (on) on['runtime.recovered'] = { target: '.stopped' };
      }),
    },
  });

  rule('a stop that was under way is still a stop', {
    given: [...running('a'), STOP],
    when: [RECOVERED],
    holds: (is) => expect(is.status).toBe('stopped'),
    without: { 'the word': guardIs('thread', 'isGoneToStop', false) },
  });
});

describe('a prompt whose hand-over the last run did not see to its end', () => {
  rule('it is looked up, and shown as reconciling for at most 60 s', {
    given: [...handed('a')],
    when: [RECOVERED],
    holds: (is) => {
      expect(is.stage.charts.turn?.hasTag('reconciling')).toBe(true);
      expect(is.did('tell').at(-1)).toContain(
        'work=(type=turn.lookUp threadId=t1 turnId=a attempt=1 nativeThreadId=native clientMessageId=a.1)',
      );
      expect(is.stage.timers['lookUp.timedOut']?.afterMs).toBe(60_000);
      expect(is.said('turn.ended')).toEqual([]);
    },
    without: {
      'the look-up': withoutAction('turn', 'lookUp'),
      'the state': guardIs('turn', 'isRestart', false),
    },
  });

  for (const [found, end] of [
    ['completed', 'completed'],
    ['failed', 'failed PROVIDER_ERROR'],
    ['interrupted', 'interrupted SERVER_RESTARTED'],
  ] as const) {
    rule(`it is found as ${found}: the outcome is the provider's`, {
      given: HANDED,
      when: [lookedUp('a', found)],
      holds: (is) =>
        expect([is.end('a'), is.status, is.queue]).toEqual([
          end,
          'stopped',
          expect.stringMatching(/^held \w+: b$/),
        ]),
      without: { 'the outcome': endsAs('endLookedUp', { ...COMPLETED, outcome: 'unknown' }) },
    });
  }

  rule('what was found confirms the session, so that the next prompt goes on with it', {
    given: HANDED,
    when: [lookedUp('a', 'completed'), submit('c')],
    holds: (is) =>
      expect(is.said('connection.opening')).toEqual(['connection.opening connectionId=t1#2 resume=native']),
    without: { 'the confirmation': withoutAction('thread', 'confirmSession') },
  });

  rule('it is absent: it has failed as not delivered, and its text is back at the head of the held queue', {
    given: HANDED,
    when: [lookedUp('a', 'absent')],
    holds: (is) => {
      expect([is.end('a'), is.queue, is.status]).toEqual([
        'failed NOT_DELIVERED',
        `held failed: ${turnIdAgain(turnIdSchema.parse('a'))}, b`,
        'stopped',
      ]);
      expect(is.lastError).toBe('NOT_DELIVERED');
    },
    without: {
      'the outcome': guardIs('turn', 'isAbsent', false),
      'the return': withoutAction('turn', 'returnPrompt'),
    },
  });

  rule('a conversation of which the provider has kept nothing is not resumed for it', {
    given: HANDED,
    when: [{ ...lookedUp('a', 'absent'), forgotten: true } as ThreadInput, RESUME],
    holds: (is) =>
      expect([is.said('connection.opening').at(-1), is.said('connection.sessionForgotten')]).toEqual([
        'connection.opening connectionId=t1#2',
        ['connection.sessionForgotten nativeThreadId=native failure=RESUME_FAILED'],
      ]),
    without: { 'the word of it': withoutAction('thread', 'forgetSession') },
  });

  rule('what came back is not offered for a retry as well', {
    given: [...HANDED, lookedUp('a', 'absent')],
    when: [retry('c')],
    holds: (is) => expect(is.answer).toBe('TURN_NOT_RETRYABLE'),
    without: {
      'the look at the queue': endsTurnBy(({ set }, { activeTurn }) => ({
        set: { ...set, retryable: activeTurn?.prompt ?? null },
      })),
    },
  });

  rule('nothing is resubmitted by itself', {
    given: HANDED,
    when: [lookedUp('a', 'absent'), opened(2)],
    holds: (is) => expect([is.did('turn.start'), is.active]).toEqual([[], null]),
    without: { 'the hold': ALWAYS_FLOWS },
  });

  rule('where no look-up is possible its outcome is unknown', {
    given: HANDED,
    when: [lookedUp('a', 'unknown')],
    holds: (is) => {
      expect([is.end('a'), is.status, is.lastError]).toEqual([
        'unknown SERVER_RESTARTED',
        'stopped',
        'SERVER_RESTARTED',
      ]);
    },
    without: { 'the outcome': endsAs('endLookedUp', FAILED) },
  });

  rule('a look-up without an answer leaves it unknown', {
    given: HANDED,
    when: [fires('lookUp.timedOut')],
    holds: (is) => {
      expect([is.end('a'), is.status]).toEqual(['unknown SERVER_RESTARTED', 'stopped']);
      expect(is.did('tell')).toEqual(['tell instanceId=i input=(type=instance.workDone threadId=t1)']);
    },
    without: {
      'the bound': withoutTransition('turn', 'reconciling > lookUp.timedOut'),
      'the giving up': withoutAction('turn', 'stopLookUp'),
    },
  });

  rule('who does not want to wait for the look-up interrupts it', {
    given: HANDED,
    when: [interrupt()],
    holds: (is) => expect(is.end('a')).toBe('unknown SERVER_RESTARTED'),
    without: { 'the way out': withoutTransition('turn', 'reconciling > $interrupt') },
  });

  rule('it is looked up again where the server dies again', {
    given: HANDED,
    when: [RECOVERED],
    holds: (is) => expect([is.did('tell').length, is.end('a')]).toEqual([2, '']),
    without: { 'the second look': withoutAction('thread', 'loseAgain') },
  });

  rule('a delete ends the look-up', {
    given: HANDED,
    when: [DELETE],
    holds: (is) => expect(is.stage.charts.root.value).toBe('deleted'),
    without: { 'the interrupt': withoutAction('thread', 'stopTurn') },
  });

  rule('a later attempt that is absent was interrupted, and its text comes back', {
    given: [...running('a'), submit('s', 'steer'), ended('a', 'interrupted'), RECOVERED],
    when: [lookedUp('a', 'absent', 2)],
    holds: (is) => {
      expect([is.end('a'), is.queue]).toEqual(['interrupted SERVER_RESTARTED', 'held restarted: s']);
    },
    without: { 'the return': withoutAction('turn', 'returnPrompt') },
  });

  rule('a turn that the provider had accepted but not begun is looked up as well', {
    given: [...handed('a'), accepted('a')],
    when: [RECOVERED],
    holds: (is) => expect(is.stage.charts.turn?.value).toBe('reconciling'),
    without: { 'the state': guardIs('turn', 'isRestart', false) },
  });
});

describe('what else a restart meets', () => {
  rule('a steer that was under way is unanswered', {
    given: [...runningNative('a'), submit('s', 'steer')],
    when: [RECOVERED, steerAccepted('a', 's')],
    holds: (is) => expect([is.said('turn.steerUnanswered').length, is.answer]).toEqual([1, 'ignored']),
    without: { 'the letting go': withoutAction('turn', 'letGo') },
  });

  rule('a turn of the provider is interrupted, not looked up', {
    given: [...running('a'), ...finished('a'), began('s')],
    when: [RECOVERED],
    holds: (is) => expect(is.end('s')).toBe('interrupted SERVER_RESTARTED'),
    without: { 'the end': endsAs('endLost', FAILED) },
  });

  rule('a connection that was being opened is stopped', {
    given: [submit('a'), interrupt()],
    when: [RECOVERED],
    holds: (is) => expect([is.status, is.armed]).toEqual(['stopped', []]),
    without: { 'the end of it': withoutTransition('connection', ' > $restarted') },
  });
});
