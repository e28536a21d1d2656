/** A model that a provider takes only when a session is opened. */
import { describe, expect } from 'vitest';
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import {
  accepted,
  closed,
  closeFailed,
  finished,
  folding,
  opened,
  promptOf,
  retry,
  started,
  STOP,
  submit,
} from '../helpers/inputs.ts';
import type { Outcome } from '../helpers/given.ts';
import { actionIs, chartWith, decidesOn, guardAs, guardIs, withoutAction } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';
import type { ThreadContext } from '../../machines/domain/context.ts';

const BY_RESUME: Partial<Capabilities> = { modelSwitch: 'byResume' };
const setModel = (model: string | null): ThreadInput => ({ type: 'thread.setModel', model, options: {} });
const withModel = (name: string, model: string, mode: 'start' | 'queue' = 'start'): ThreadInput => ({
  type: 'turn.submit',
  mode,
  expected: null,
  prompt: promptOf(name, { model }),
});
/** A turn at whose provider the model is chosen by what it is started with. */
const begun = (name: string, on = 1): ThreadInput[] => [
  submit(name),
  opened(on, BY_RESUME),
  accepted(name, { on }),
  started(name, { on }),
];
const READY = [...begun('a'), ...finished('a')];

/** Number of the connection, what it resumes and its model, of each opening that was asked for. */
const openings = (is: Outcome): string[] =>
  is.effects.flatMap((effect) => {
    if (effect.type !== 'tell' || effect.input.type !== 'instance.acquire') return [];
    const { work } = effect.input;
    if (work.type !== 'connection.open') return [];
    return [`${work.connectionId} ${work.resume ?? 'new'} ${work.settings.model ?? 'default'}`];
  });

/** The connection is remembered with another model than it was opened with. */
const bindsWith = (modelOf: (context: ThreadContext) => string | null) =>
  actionIs(
    'thread',
    'bind',
    threadMove((context) => ({
      set: {
        connectionCount: context.connectionCount + 1,
        link: { phase: 'opening', closing: null, end: null, folds: false, model: modelOf(context) },
      },
    })),
  );

describe('a model that a session cannot change to', () => {
  rule('the next turn closes the session and resumes it with the model', {
    capabilities: BY_RESUME,
    given: [...READY, setModel('other')],
    when: [submit('b'), closed(), opened(2, BY_RESUME)],
    holds: (is) => {
      expect(is.did('connection.close')).toEqual(['connection.close connectionId=t1#1']);
      expect(is.said('connection.closing')).toEqual(['connection.closing connectionId=t1#1 why=settings']);
      expect(openings(is)).toEqual(['t1#2 native other']);
      expect([is.active, is.did('turn.start').length, is.queue]).toEqual(['b', 1, 'flowing: ']);
    },
    without: {
      'the wait': guardIs('thread', 'canBeNext', false),
      'the close': withoutAction('thread', 'closeToReopen'),
      'the need': guardIs('thread', 'mustReopen', false),
    },
  });

  rule('nothing is closed for a change that no turn has asked for', {
    capabilities: BY_RESUME,
    given: READY,
    when: [setModel('other'), setModel(null), submit('b')],
    holds: (is) => {
      expect(is.did('connection.close')).toEqual([]);
      expect([is.active, is.did('turn.start').length]).toEqual(['b', 1]);
    },
    without: { 'the memory of the model': bindsWith(() => 'yet another') },
  });

  rule('the model of one prompt is that of the session until the next prompt', {
    capabilities: BY_RESUME,
    given: [...READY, withModel('b', 'other'), closed(), opened(2, BY_RESUME), accepted('b', { on: 2 })],
    when: [started('b', { on: 2 }), ...finished('b', 'completed', { on: 2 }), submit('c'), closed(2)],
    holds: (is) => {
      expect(is.did('connection.close')).toEqual(['connection.close connectionId=t1#2']);
      expect(openings(is)).toEqual(['t1#3 native default']);
    },
    without: {
      'the model of the prompt': bindsWith(({ settings }) => settings.model),
    },
  });

  rule('a prompt that was queued in the turn waits for the session, too', {
    capabilities: BY_RESUME,
    given: [...begun('a'), withModel('b', 'other', 'queue')],
    when: [...finished('a'), closed()],
    holds: (is) => {
      expect(openings(is)).toEqual(['t1#2 native other']);
      expect([is.active, is.queue]).toEqual(['b', 'flowing: ']);
    },
    without: {
      'the wait': chartWith('thread', 'bound.idle', (state) => {
        if (Array.isArray(state.always)) state.always = state.always.toSpliced(3, 1);
      }),
    },
  });

  rule('what is retried waits for it, too', {
    capabilities: BY_RESUME,
    given: [...begun('a'), ...finished('a', 'failed'), setModel('other')],
    when: [retry('b'), closed()],
    holds: (is) => {
      expect(openings(is)).toEqual(['t1#2 native other']);
      expect(is.active).toBe('b');
    },
    without: { 'the wait': guardIs('thread', 'canRetryNext', false) },
  });

  rule('a session that cannot be closed is ended by force', {
    capabilities: BY_RESUME,
    given: [...READY, setModel('other')],
    when: [submit('b'), closeFailed()],
    holds: (is) => {
      expect(is.did('connection.kill')).toEqual(['connection.kill connectionId=t1#1']);
      expect(openings(is)).toEqual(['t1#2 native other']);
    },
    without: {
      'the force': actionIs(
        'thread',
        'closeToReopen',
        threadMove(({ link: now }) => ({
          set: { link: { ...now, closing: 'settings' } },
          toConnection: { type: '$close', why: 'settings', force: false },
        })),
      ),
    },
  });

  rule('a stop meanwhile counts for more', {
    capabilities: BY_RESUME,
    given: [...READY, setModel('other'), submit('b')],
    when: [STOP, closed()],
    holds: (is) => {
      expect([is.status, is.queue]).toEqual(['stopped', 'held stopped: b']);
      expect(openings(is)).toEqual([]);
    },
    without: { 'the rank': withoutAction('thread', 'closeToStop') },
  });

  rule('work in the background that would swallow the prompt is waited for first', {
    capabilities: BY_RESUME,
    given: [...READY, folding(), setModel('other')],
    when: [submit('b')],
    holds: (is) => {
      expect(is.did('connection.close')).toEqual([]);
      expect(is.queue).toBe('held background: b');
    },
    without: {
      'the wait': guardAs(
        'thread',
        'mustReopen',
        ({ context: { queue, link } }: { context: ThreadContext }) =>
          queue.entries.length > 0 && link.closing === null,
      ),
    },
  });

  rule('where a turn can change it, the session stays', {
    given: [submit('a'), opened(), accepted('a'), started('a'), ...finished('a'), setModel('other')],
    when: [submit('b')],
    holds: (is) => expect([is.active, is.did('connection.close')]).toEqual(['b', []]),
    without: {
      'the way': actionIs(
        'thread',
        'setModel',
        threadMove(({ settings, capabilities }) => ({
          set: { settings: { ...settings, model: 'other' }, capabilities: { ...capabilities, ...BY_RESUME } },
        })),
      ),
    },
  });

  rule('where nothing can change it, the change is refused by its name', {
    given: [submit('a'), opened(1, { modelSwitch: false }), accepted('a'), started('a'), ...finished('a')],
    when: [setModel('other')],
    holds: (is) => {
      expect(is.answer).toBe('CAPABILITY_UNSUPPORTED');
      expect(is.taken.at(-1)?.refusal?.details).toEqual({ capability: 'modelSwitch' });
    },
    without: {
      'the capability': decidesOn(({ capabilities: { modelSwitch: _, ...rest } }) => ({
        capabilities: rest,
      })),
    },
  });
});
