import { describe, expect } from 'vitest';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import { recordItem } from '../../machines/thread-turns.ts';
import { finished, item, plan, running, submit, usage } from '../helpers/inputs.ts';
import { actionIs, withoutAction, withoutTransition } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';

describe('the transcript', () => {
  for (const [kind, said, action] of [
    ['Started', 'item.started', 'recordStart'],
    ['Updated', 'item.updated', 'recordUpdate'],
    ['Completed', 'item.completed', 'recordEnd'],
  ] as const) {
    rule(`${said} is recorded with turn, attempt and its place in the thread`, {
      given: running('a'),
      when: [item(kind, 'a', { id: 'i', text: 'x' })],
      holds: (is) => {
        expect(is.said()).toEqual([
          `${said} item=(itemId=i body=(kind=assistant_message) text=x ` +
            `status=${kind === 'Completed' ? 'completed' : 'open'} ordinal=2 turnId=a attempt=1)`,
        ]);
      },
      without: {
        'the record': withoutAction('thread', action),
        'the way': withoutTransition('thread', `bound > provider.item${kind}`),
      },
    });
  }

  rule('an item without a turn belongs to the thread', {
    given: running('a'),
    when: [item('Completed', null, { id: 'i', text: 'x' })],
    holds: (is) => expect([...is.stage.tables.items.values()].at(-1)?.turnId).toBeNull(),
    without: { 'the record': withoutAction('thread', 'recordEnd') },
  });

  rule('late items are attached to their own turn', {
    given: [...running('a'), submit('b', 'queue'), ...finished('a')],
    when: [item('Completed', 'a', { id: 'late', text: 'x' })],
    holds: (is) => {
      expect(is.active).toBe('b');
      expect([...is.stage.tables.items.values()].at(-1)).toMatchObject({ itemId: 'late', turnId: 'a' });
    },
    without: {
      'the turn of the item': actionIs(
        'thread',
        'recordEnd',
        threadMove((context, event: ThreadInputOf<'provider.itemCompleted'>) =>
          recordItem(context, 'item.completed', { ...event, turnId: context.activeTurn?.turnId ?? null }),
        ),
      ),
    },
  });

  rule('usage is recorded', {
    given: running('a'),
    when: [usage()],
    holds: (is) => expect(is.stage.tables.state?.usage).toMatchObject({ contextTokens: 10 }),
    without: {
      'the record': withoutAction('thread', 'recordUsage'),
      'the way': withoutTransition('thread', 'bound > provider.usageReported'),
    },
  });

  rule('a plan is recorded with its turn', {
    given: running('a'),
    when: [plan('a')],
    holds: (is) => {
      expect(is.stage.tables.state?.plan).toEqual({
        turnId: 'a',
        explanation: null,
        steps: [{ text: 'step', status: 'pending' }],
      });
    },
    without: {
      'the record': withoutAction('thread', 'recordPlan'),
      'the way': withoutTransition('thread', 'bound > provider.planReported'),
    },
  });
});
