/** A plan is implemented by the turn whose start was accepted with it as the source, and marked so once. */
import { describe, expect } from 'vitest';
import { itemIdSchema } from '../../machines/domain/ids.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import type { ItemDraft } from '../../machines/domain/item.ts';
import { plansOf } from '../../machines/thread-turns.ts';
import {
  absorbed,
  accepted,
  began,
  ended,
  finished,
  handed,
  implemented,
  item,
  lookedUp,
  opened,
  promptOf,
  RECOVERED,
  refused,
  retry,
  running,
  runningNative,
  started,
  steerAccepted,
  submit,
  THREAD,
  turnOf,
} from '../helpers/inputs.ts';
import type { Outcome } from '../helpers/given.ts';
import {
  actionIs,
  decidesBy,
  foldsWithout,
  guardIs,
  withoutAction,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';

const PLAN = itemIdSchema.parse('p');
const planned = (name: string, mode: 'start' | 'queue' | 'steer' = 'start'): ThreadInput => ({
  type: 'turn.submit',
  mode,
  expected: null,
  prompt: promptOf(name, { sourcePlan: { threadId: THREAD, itemId: PLAN } }),
});
const wrote = (turn: string, more: Partial<ItemDraft> = {}): ThreadInput =>
  item('Completed', turn, { id: 'p', body: { kind: 'plan' }, text: '# Plan', ...more });
/** A thread with a complete plan, and no turn. */
const PLANNED = [...running('a'), wrote('a'), ...finished('a')];
/** Its next turn is to implement the plan, and has been handed over. */
const ASKED = [...PLANNED, planned('b')];

const told = (is: Outcome): string[] => is.did('tellThread');
const TOLD =
  'tellThread threadId=t1 input=(type=plan.implemented itemId=p by=(threadId=t1 turnId=b) isFirst)';
const markOf = ({ stage }: Outcome): unknown => {
  const body = stage.tables.items.get(PLAN)?.body;
  return body?.kind === 'plan' ? body.implementedBy : 'no plan';
};

describe('the source of a turn', () => {
  rule('the thread of the plan is told when the start of the turn is accepted, and not before', {
    given: ASKED,
    when: [accepted('b')],
    holds: (is) => {
      expect(told(is)).toEqual([TOLD]);
      expect(is.stage.taken.slice(0, -1).flatMap(({ effects }) => effects.filter(isTold))).toEqual([]);
    },
    without: {
      'the word': withoutAction('thread', 'tellOfPlan'),
      'the acceptance': withoutTransition('thread', 'bound.working > $accepted'),
    },
  });

  rule('a turn that has begun was accepted', {
    given: ASKED,
    when: [started('b')],
    holds: (is) => expect(told(is)).toEqual([TOLD]),
    without: { 'the word': withoutAction('thread', 'tellOfPlan') },
  });

  rule('a look-up that finds the prompt after a restart says so, too', {
    given: [...ASKED, RECOVERED],
    when: [lookedUp('b', 'interrupted')],
    holds: (is) => expect(told(is)).toEqual([TOLD]),
    without: { 'the word': withoutAction('thread', 'tellOfPlan') },
  });

  rule('it is told once for each turn', {
    given: ASKED,
    when: [accepted('b'), started('b'), ...finished('b')],
    holds: (is) => expect(told(is)).toEqual([TOLD]),
    without: {
      'the forgetting of the source': actionIs(
        'thread',
        'tellOfPlan',
        threadMove((context) => ({
          effects: plansOf(context, turnOf('b'), [context.activeTurn?.prompt ?? promptOf('b')]),
        })),
      ),
    },
  });

  rule('a retry of the turn does not tell of it again', {
    given: [...ASKED, accepted('b'), started('b'), ...finished('b', 'failed')],
    when: [retry('c'), accepted('c')],
    holds: (is) => expect([is.answer, told(is)]).toEqual(['taken', []]),
    without: {
      'the forgetting of the source': actionIs(
        'thread',
        'tellOfPlan',
        threadMove((context) => ({
          effects: plansOf(context, turnOf('b'), [context.activeTurn?.prompt ?? promptOf('b')]),
        })),
      ),
    },
  });

  rule('a retry of a turn that was refused does', {
    given: [...ASKED, refused('b')],
    when: [retry('c'), accepted('c')],
    holds: (is) => expect(told(is)).toEqual([TOLD.replace('turnId=b', 'turnId=c')]),
    without: { 'the word': withoutAction('thread', 'tellOfPlan') },
  });

  rule('a prompt that was folded into another turn implements nothing', {
    given: [...ASKED, began('s')],
    when: [absorbed('b', 's'), ended('s')],
    holds: (is) => expect([is.end('b'), told(is)]).toEqual(['absorbed', []]),
    without: {
      'the look at what it was': actionIs(
        'thread',
        'endTurn',
        threadMove((context) => ({ effects: plansOf(context, turnOf('b'), [planPrompt()]) })),
      ),
    },
  });

  rule('a message that joins a running turn implements its plan when it has joined', {
    given: [
      submit('x'),
      opened(1, { nativeSteer: true }),
      ...finished('x'),
      ...runningNative('a').filter(({ type }) => type !== 'connection.opened'),
      wrote('a'),
    ],
    when: [planned('s', 'steer'), steerAccepted('a', 's')],
    holds: (is) => expect(told(is)).toEqual([TOLD.replace('turnId=b', 'turnId=a')]),
    without: { 'the record of the steer': withoutAction('thread', 'recordSteer') },
  });
});

describe('the plan', () => {
  rule('it shows the thread and the turn that implement it', {
    given: PLANNED,
    when: [implemented('p')],
    holds: (is) => {
      expect(is.said()).toEqual(['plan.implemented itemId=p threadId=t2 turnId=b']);
      expect(markOf(is)).toEqual({ threadId: 't2', turnId: 'b' });
    },
    without: {
      'the fact': withoutAction('thread', 'sayImplemented'),
      'the fold': foldsWithout(({ fact }) => fact.type === 'plan.implemented'),
    },
  });

  rule('it is marked once, by the first', {
    given: [...PLANNED, implemented('p')],
    when: [implemented('p', 'c', false)],
    holds: (is) => expect([is.answer, markOf(is)]).toEqual(['ignored', { threadId: 't2', turnId: 'b' }]),
    without: { 'the look at the first': guardIs('thread', 'isFirst', true) },
  });

  rule('it stays implemented when its turn writes it anew', {
    given: [...running('a'), wrote('a'), implemented('p')],
    when: [wrote('a', { text: '# Plan 2' })],
    holds: (is) => {
      expect(is.stage.tables.items.get(PLAN)?.text).toBe('# Plan 2');
      expect(markOf(is)).toEqual({ threadId: 't2', turnId: 'b' });
    },
    without: { 'the fold': foldsWithout(({ fact }) => fact.type === 'plan.implemented') },
  });

  for (const [title, before, code] of [
    ['an unknown plan is refused', running('a').concat(finished('a')), 'PLAN_NOT_FOUND'],
    [
      'what is no plan is refused',
      [...running('a'), wrote('a', { body: { kind: 'reasoning' } }), ...finished('a')],
      'PLAN_NOT_FOUND',
    ],
    [
      'a plan that was cut short is refused',
      [...running('a'), wrote('a', { status: 'interrupted' }), ...finished('a')],
      'PLAN_NOT_FOUND',
    ],
    ['a plan that is implemented already is refused', [...PLANNED, implemented('p')], 'PLAN_IMPLEMENTED'],
  ] as const) {
    rule(`${title} as the source of a turn`, {
      given: before,
      when: [planned('b')],
      holds: (is) => expect(is.answer).toBe(code),
      without: {
        'the look at the plan': decidesBy((real) => (view, input, lookups) => {
          const refusal = real(view, input, lookups);
          return refusal?.code === code ? null : refusal;
        }),
      },
    });
  }

  rule('a prompt that was refused for its plan leaves nothing behind', {
    given: handed('a'),
    when: [planned('b', 'queue')],
    holds: (is) => expect([is.answer, is.queue, is.said()]).toEqual(['PLAN_NOT_FOUND', 'flowing: ', []]),
    without: { 'the look at the plan': decidesBy(() => () => null) },
  });
});

const isTold = ({ type }: { readonly type: string }): boolean => type === 'tellThread';
const planPrompt = () => promptOf('b', { sourcePlan: { threadId: THREAD, itemId: PLAN } });
