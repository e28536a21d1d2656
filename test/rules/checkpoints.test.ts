import { describe, expect } from 'vitest';
import {
  accepted,
  captured,
  closed,
  DELETE,
  missing,
  opened,
  finished,
  RECOVERED,
  restored,
  rollback,
  running,
  started,
  STOP,
  submit,
  switchTo,
  uncaptured,
} from '../helpers/inputs.ts';
import { fires } from '../helpers/given.ts';
import {
  actionIs,
  both,
  foldsWithout,
  guardIs,
  withoutAction,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { threadMove } from '../helpers/without.ts';
import * as rollbacks from '../../machines/thread-rollbacks.ts';
import { endTurn } from '../../machines/thread-turns.ts';
import { endsTurnBy } from '../helpers/without.ts';

const settings = { checkpoints: true };
/** The turn ends and says nothing of files. */
const NO_AFTER = endsTurnBy((move, context, output) => {
  const { captures, capturedTurnId: _, ...set } = endTurn(context, output).set ?? {};
  return { ...move, set: { ...set, captures: captures?.slice(0, -1) ?? [] }, effects: [], arm: [] };
});
const whole = [...running('a'), captured('a', 'before'), ...finished('a'), captured('a', 'after')];

describe('files around a turn', () => {
  rule('are captured beside its start, which does not wait for them', {
    settings,
    when: [submit('a'), opened()],
    holds: (is) => {
      expect(is.did('checkpoint.capture', 'turn.start')).toHaveLength(2);
      expect(is.value).toEqual([expect.anything(), 'open', { handing: 'sent' }]);
    },
    without: { 'the opening': withoutAction('thread', 'tellOnline') },
  });

  rule('are captured at its end, which does not wait for them', {
    settings,
    given: [...running('a'), captured('a', 'before')],
    when: finished('a'),
    holds: (is) => {
      expect(is.did('checkpoint.capture')).toEqual(['checkpoint.capture turnId=a point=after tries=1']);
      expect([is.status, is.end('a')]).toEqual(['ready', 'completed']);
    },
    without: { 'the asking': NO_AFTER },
  });

  rule('are not looked at again where there is nothing to capture', {
    settings,
    given: [...running('a'), missing('a', 'before')],
    when: finished('a'),
    holds: (is) => {
      expect(is.did('checkpoint.capture')).toEqual([]);
      expect(is.notices).toEqual([]);
      expect(is.armed).not.toContain('checkpoint.timedOut');
    },
    without: { 'the answer': withoutAction('thread', 'noteCapture') },
  });

  rule('hold the next prompt up until they are known', {
    settings,
    given: [...running('a'), captured('a', 'before'), ...finished('a'), submit('b')],
    when: [captured('a', 'after')],
    holds: (is) => {
      expect(is.did('turn.start')).toHaveLength(1);
      expect(is.active).toBe('b');
    },
    without: { 'the answer': withoutAction('thread', 'noteCapture') },
  });

  rule('hold the next prompt up no longer than their deadline', {
    settings,
    given: [...running('a'), captured('a', 'before'), ...finished('a'), submit('b')],
    when: [fires('checkpoint.timedOut')],
    holds: (is) => {
      expect(is.did('turn.start')).toHaveLength(1);
      expect(is.notices).toEqual(['checkpoint.failed']);
    },
    without: {
      'the giving up': withoutAction('thread', 'giveUpCaptures'),
      'the deadline': withoutTransition('thread', ' > checkpoint.timedOut'),
    },
  });

  rule('whose deadline comes after their answer are not given up', {
    settings,
    given: whole,
    when: [{ type: 'checkpoint.timedOut', timer: 'checkpoint.timedOut', armedBy: 1 }],
    holds: (is) => expect([is.answer, is.notices]).toEqual(['ignored', []]),
    without: { 'the look': guardIs('thread', 'hasCaptures', true) },
  });

  rule('are tried three times and then given up, for all to see', {
    settings,
    given: [...running('a'), captured('a', 'before'), ...finished('a')],
    when: [uncaptured('a', 'after'), uncaptured('a', 'after'), uncaptured('a', 'after')],
    holds: (is) => {
      expect(is.did('checkpoint.capture').map((line) => line.slice(-7))).toEqual(['tries=2', 'tries=3']);
      expect(is.said('checkpoint.failed')).toHaveLength(1);
      expect([is.notices, is.status]).toEqual([['checkpoint.failed'], 'ready']);
    },
    without: { 'the answer': withoutAction('thread', 'noteCapture') },
  });

  rule('are captured again after a restart at the end of a turn, and not at its beginning', {
    settings,
    given: [...running('a'), captured('a', 'before'), ...finished('a'), submit('b')],
    when: [RECOVERED],
    holds: (is) => {
      const asked = is.did('checkpoint.capture').filter((line) => line.includes('turnId=a'));
      expect(asked).toEqual(['checkpoint.capture turnId=a point=after tries=1']);
      expect(is.said('checkpoint.failed')[0]).toContain('turnId=b');
    },
    without: { 'the asking': withoutAction('thread', 'captureAgain') },
  });

  rule('that were asked for nowhere are not taken', {
    settings,
    given: whole,
    when: [captured('a', 'after')],
    holds: (is) => expect(is.answer).toBe('ignored'),
    without: { 'the look': guardIs('thread', 'isAsked', true) },
  });

  rule('that were changed are an item of the turn', {
    settings,
    given: [...running('a'), captured('a', 'before'), ...finished('a')],
    when: [captured('a', 'after')],
    holds: (is) => {
      const items = is.facts.flatMap((fact) => (fact.type === 'item.completed' ? [fact.item] : []));
      expect(items).toMatchObject([{ turnId: 'a', body: { kind: 'checkpoint', fileCount: 1 } }]);
      expect([...is.stage.tables.checkpoints.values()]).toMatchObject([{ status: 'captured', fileCount: 1 }]);
    },
    without: {
      'the answer': withoutAction('thread', 'noteCapture'),
      'the row': foldsWithout(({ fact }) => fact.type === 'checkpoint.captured'),
    },
  });
});

const second = [submit('b'), accepted('b'), started('b'), captured('b', 'before')];
const two = [...whole, ...second, ...finished('b'), captured('b', 'after')];
const back = rollback({ to: 'a', ordinal: 1, gone: ['b'] });
/** Everything is said before the files are back. */
const TOO_EARLY = actionIs(
  'thread',
  'beginRollback',
  threadMove((context, { rollback: asked }: { rollback: Parameters<typeof rollbacks.begin>[1] }) => {
    const begun = rollbacks.begin(context, asked);
    const ended = rollbacks.finish({ ...context, ...begun.set }, null);
    return { ...begun, facts: [...(begun.facts ?? []), ...(ended.facts ?? [])] };
  }),
);

describe('a rollback', () => {
  rule('closes the connection first, then puts the files back', {
    settings,
    given: two,
    when: [back, closed()],
    holds: (is) => {
      expect(is.did('connection.close', 'checkpoint.restore').map((line) => line.split(' ')[0])).toEqual([
        'connection.close',
        'checkpoint.restore',
      ]);
      expect(is.value).toEqual(['restoring', undefined, undefined]);
    },
    without: {
      'the way': guardIs('thread', 'isRollingBack', false),
      'the asking': withoutAction('thread', 'askRestore'),
    },
  });

  rule('says nothing of later turns before their files are back', {
    settings,
    given: two,
    when: [back, closed()],
    holds: (is) => {
      expect([is.turn('b'), is.item('back')]).toEqual(['completed', 'open']);
      expect(is.said('rollback.ended')).toEqual([]);
    },
    without: { 'the order': TOO_EARLY },
  });

  rule('marks the later turns and what belongs to them', {
    settings,
    given: [...two, back, closed()],
    when: [restored()],
    holds: (is) => {
      expect([is.turn('a'), is.turn('b'), is.status]).toEqual(['completed', 'rolledBack', 'ready']);
      const marked = [...is.stage.tables.items.values()].filter(({ rolledBack }) => rolledBack === true);
      expect(new Set(marked.map(({ turnId }) => turnId))).toEqual(new Set(['b']));
      expect(is.said('rollback.ended')).toHaveLength(1);
    },
    without: {
      'the end': withoutAction('thread', 'endRollback'),
      'the mark': foldsWithout(({ fact }) => fact.type === 'rollback.ended'),
    },
  });

  rule('whose files cannot be put back leaves turns and conversation as they were', {
    settings,
    given: [...two, back, closed()],
    when: [restored('back', 'GIT_FAILED')],
    holds: (is) => {
      expect([is.turn('b'), is.status, is.lastError]).toEqual(['completed', 'error', 'GIT_FAILED']);
      expect(is.stage.context).toMatchObject({ opening: { type: 'resume' }, session: expect.anything() });
      expect(is.item('back')).toBe('failed');
    },
    without: {
      'the difference': both(
        guardIs('thread', 'isGoodRollback', true),
        actionIs(
          'thread',
          'endRollback',
          threadMove((context) => rollbacks.finish(context, null)),
        ),
      ),
    },
  });

  rule('does not last longer than its deadline', {
    settings,
    given: [...two, back, closed()],
    when: [fires('restore.timedOut')],
    holds: (is) =>
      expect([is.status, is.lastError, is.turn('b')]).toEqual(['error', 'RESTORE_TIMED_OUT', 'completed']),
    without: { 'the deadline': withoutTransition('thread', 'restoring > restore.timedOut') },
  });

  rule('asks for the files again after a restart', {
    settings,
    given: [...two, back, closed()],
    when: [RECOVERED],
    holds: (is) => expect(is.did('checkpoint.restore')).toHaveLength(1),
    without: { 'the asking': withoutAction('thread', 'captureAgain') },
  });

  rule('needs no connection', {
    settings,
    given: [...two, STOP, closed()],
    when: [back],
    holds: (is) => expect([is.answer, is.did('checkpoint.restore').length]).toEqual(['taken', 1]),
    without: { 'the way': withoutTransition('thread', 'unbound > checkpoint.rollback') },
  });

  for (const [title, before] of [
    ['another one', [back]],
    ['a switch to another provider', [switchTo('j')]],
  ] as const) {
    rule(`is refused while ${title} is under way`, {
      settings,
      given: [...two, ...before],
      when: [rollback({ to: 'a', ordinal: 1, gone: ['b'] })],
      holds: (is) => expect([is.answer, is.said()]).toEqual(['THREAD_BUSY', []]),
      without: { 'the look': guardIs('thread', 'canRollBack', true) },
    });
  }

  rule('takes no answer that is about another one', {
    settings,
    given: [...two, back, closed()],
    when: [restored('another')],
    holds: (is) => expect([is.answer, is.value]).toEqual(['ignored', ['restoring', undefined, undefined]]),
    without: { 'the look': guardIs('thread', 'isOfRollback', true) },
  });

  rule('waits for what the last turn left', {
    settings,
    given: [...whole, ...second, ...finished('b'), back],
    when: [closed()],
    holds: (is) =>
      expect([is.did('checkpoint.restore'), is.value]).toEqual([[], ['restoring', undefined, undefined]]),
    without: {
      'the waiting': actionIs(
        'thread',
        'askRestore',
        threadMove((context) => rollbacks.ask({ ...context, captures: [] })),
      ),
    },
  });

  rule('takes a prompt in, which begins when the files are back', {
    settings,
    given: [...two, back, closed(), submit('c')],
    when: [restored()],
    holds: (is) => expect([is.active, is.queue]).toEqual(['c', 'flowing: ']),
    without: { 'the queue': withoutAction('thread', 'enqueueAny') },
  });

  rule('takes no prompt when the queue is full', {
    settings,
    given: [
      ...two,
      back,
      closed(),
      ...Array.from({ length: 100 }, (_, index) => submit(`q${index}`, 'queue')),
    ],
    when: [submit('c'), submit('d', 'queue')],
    holds: (is) => expect(is.taken.map(({ refusal }) => refusal?.code)).toEqual(['QUEUE_FULL', 'QUEUE_FULL']),
    without: { 'the look at its length': guardIs('thread', 'canBeHeld', true) },
  });

  rule('of the conversation has the next connection open it without the later turns', {
    settings,
    capabilities: { rollback: 'turns' },
    given: [
      submit('a'),
      opened(1, { rollback: 'turns' }),
      accepted('a'),
      started('a'),
      captured('a', 'before'),
      ...finished('a'),
      captured('a', 'after'),
      ...second,
      ...finished('b'),
      captured('b', 'after'),
      back,
      closed(),
    ],
    when: [restored(), submit('c')],
    holds: (is) => {
      const asked = is.effects.flatMap((effect) => (effect.type === 'tell' ? [effect.input] : []));
      expect(JSON.stringify(asked)).toContain('"rollback":{"nativeTurnId":"n.a","files":false}');
    },
    without: { 'the end': withoutAction('thread', 'endRollback') },
  });

  rule('is refused while a turn runs', {
    settings,
    given: running('a'),
    when: [rollback()],
    holds: (is) => expect(is.answer).toBe('THREAD_BUSY'),
    without: {
      'the state': (world) => ({ ...world, decide: () => null, canTake: () => true }),
    },
  });

  rule('does not hinder a delete, which takes the thread at once', {
    settings,
    given: [...two, back, closed()],
    when: [DELETE],
    holds: (is) => {
      expect([is.status, is.stage.tables.state?.removal, is.armed]).toEqual(['stopped', 'deleted', []]);
      expect(is.stage.context.rollback).toBeNull();
    },
    without: { 'the way': withoutTransition('thread', 'restoring > thread.delete') },
  });

  rule('does not hinder a stop, which counts when the files are back', {
    settings,
    given: [...two, back, closed(), STOP],
    when: [restored()],
    holds: (is) => expect(is.status).toBe('stopped'),
    without: { 'the word': withoutAction('thread', 'stopAfterwards') },
  });
});

describe('an edit', () => {
  rule('runs the new text in the place of the latest prompt', {
    settings,
    given: [...two, rollback({ to: 'a', ordinal: 1, gone: ['b'], prompt: 'c' }), closed()],
    when: [restored()],
    holds: (is) => expect([is.active, is.turn('b'), is.turn('c')]).toEqual(['c', 'rolledBack', 'starting']),
    without: { 'the end': withoutAction('thread', 'endRollback') },
  });

  rule('that could not be done puts the new text into the queue, held', {
    settings,
    given: [...two, rollback({ to: 'a', ordinal: 1, gone: ['b'], prompt: 'c' }), closed()],
    when: [restored('back', 'GIT_FAILED')],
    holds: (is) => expect(is.queue).toBe('held failed: c'),
    without: { 'the end': withoutAction('thread', 'endRollback') },
  });
});
