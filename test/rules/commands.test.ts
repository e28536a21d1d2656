/** The command table of the public contract: what each command means, and by which code it is refused. */
import { describe, expect } from 'vitest';
import { attachmentIdSchema } from '../../machines/domain/ids.ts';
import type { ThreadInput } from '../../machines/domain/input.ts';
import {
  ARCHIVE,
  asked,
  began,
  closed,
  finished,
  handed,
  idled,
  interrupt,
  lost,
  opened,
  promptOf,
  respond,
  retry,
  running,
  submit,
} from '../helpers/inputs.ts';
import {
  actionIs,
  chartWith,
  decidesBy,
  guardAs,
  guardIs,
  withoutAction,
  withoutTransition,
} from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import { endsTurnBy, threadMove } from '../helpers/without.ts';

const READY = [...running('a'), ...finished('a')];
/** The charts alone decide. */
const NO_RULES = decidesBy((real) => (view, input, lookups) => {
  const refusal = real(view, input, lookups);
  return refusal?.code === 'THREAD_BUSY' || refusal?.code === 'INTERNAL' ? refusal : null;
});
/** Refuses such commands by a code of no meaning. */
const refusing = (isRefused: (input: ThreadInput) => boolean) =>
  decidesBy(
    (real) => (view, input, lookups) =>
      isRefused(input) ? { code: 'INTERNAL', why: '' } : real(view, input, lookups),
  );
const withImage = (): ThreadInput => ({
  type: 'turn.submit',
  mode: 'start',
  expected: null,
  prompt: promptOf('a', { attachments: [attachmentIdSchema.parse('img')] }),
});

describe('turn.submit', () => {
  rule('start is refused with THREAD_BUSY while a turn runs', {
    given: running('a'),
    when: [submit('b')],
    holds: (is) => expect(is.answer).toBe('THREAD_BUSY'),
    without: { 'the mode': guardAs('thread', 'isQueue', () => true) },
  });

  rule('start is refused with THREAD_BUSY while a turn starts', {
    given: handed('a'),
    when: [submit('b')],
    holds: (is) => expect(is.answer).toBe('THREAD_BUSY'),
    without: { 'the mode': guardAs('thread', 'isQueue', () => true) },
  });

  for (const mode of ['steer', 'restart'] as const) {
    rule(
      `${mode} with a turnId that is not active is refused with TURN_NOT_ACTIVE, which names the active one`,
      {
        given: running('a'),
        when: [submit('b', mode, 'x')],
        holds: (is) => {
          expect(is.answer).toBe('TURN_NOT_ACTIVE');
          expect(is.taken[0]?.refusal?.details).toEqual({ activeTurnId: 'a' });
        },
        without: { 'the look at the expected turn': NO_RULES },
      },
    );

    rule(`${mode} without an active turn is refused with TURN_NOT_ACTIVE`, {
      given: READY,
      when: [submit('b', mode)],
      holds: (is) => expect(is.answer).toBe('TURN_NOT_ACTIVE'),
      without: { 'the look at the active turn': NO_RULES },
    });

    rule(`${mode} with the turnId of the active turn is taken`, {
      given: running('a'),
      when: [submit('b', mode, 'a')],
      holds: (is) => expect(is.answer).toBe('taken'),
      without: {
        'the comparison': refusing((input) => input.type === 'turn.submit' && input.expected !== null),
      },
    });

    rule(`${mode} is refused with CAPABILITY_UNSUPPORTED where the provider cannot be interrupted`, {
      capabilities: { interrupt: false },
      given: [submit('a'), opened(1, { interrupt: false })],
      when: [submit('b', mode)],
      holds: (is) => {
        expect([is.answer, is.taken[0]?.refusal?.details]).toEqual([
          'CAPABILITY_UNSUPPORTED',
          { capability: 'interrupt' },
        ]);
      },
      without: { 'the look at the capability': NO_RULES },
    });
  }

  rule('a native steer needs no interrupt', {
    capabilities: { interrupt: false },
    given: [submit('a'), opened(1, { interrupt: false, nativeSteer: true })],
    when: [submit('b', 'steer')],
    holds: (is) => expect(is.answer).toBe('taken'),
    without: { 'the other capability': withoutAction('thread', 'noteOpened') },
  });

  rule('an image is refused with CAPABILITY_UNSUPPORTED where the provider takes none', {
    when: [withImage()],
    holds: (is) => {
      expect([is.answer, is.taken[0]?.refusal?.details]).toEqual([
        'CAPABILITY_UNSUPPORTED',
        { capability: 'images' },
      ]);
    },
    without: { 'the look at the capability': NO_RULES },
  });

  rule('capabilities are refined by the live handshake', {
    given: [submit('a'), opened(1, { images: true }), ...['a'].flatMap((name) => finished(name))],
    when: [
      {
        ...withImage(),
        prompt: { ...promptOf('b'), attachments: [attachmentIdSchema.parse('img')] },
      } as ThreadInput,
    ],
    holds: (is) => expect([is.answer, is.active]).toEqual(['taken', 'b']),
    without: {
      'the refinement': actionIs(
        'thread',
        'noteOpened',
        threadMove(() => ({
          set: {
            link: { phase: 'open', closing: null, end: null, folds: false },
            session: { nativeThreadId: 'native', state: 'provisional' },
          },
        })),
      ),
    },
  });

  for (const mode of ['start', 'queue'] as const) {
    rule(`${mode} is refused with THREAD_ARCHIVED in an archived thread`, {
      given: [ARCHIVE],
      when: [submit('a', mode)],
      holds: (is) => expect(is.answer).toBe('THREAD_ARCHIVED'),
      without: { 'the look at the archive': NO_RULES },
    });
  }

  rule('every turn records the model and options that it runs with', {
    given: [{ type: 'thread.setModel', model: 'small', options: { effort: 'low' } }],
    when: [submit('a')],
    holds: (is) => {
      expect([...is.stage.tables.turns.values()][0]?.settings).toEqual({
        model: 'small',
        options: { effort: 'low' },
        runtimeMode: 'approval-required',
        interactionMode: 'default',
      });
    },
    without: { 'the setting': withoutAction('thread', 'setModel') },
  });

  rule('settings apply from the next turn', {
    given: [
      ...running('a'),
      submit('b', 'queue'),
      { type: 'thread.setRuntimeMode', runtimeMode: 'auto', policy: {} },
    ],
    when: finished('a'),
    holds: (is) => {
      const rows = [...is.stage.tables.turns.values()];
      expect(rows.map(({ settings }) => settings?.runtimeMode)).toEqual(['approval-required', 'auto']);
    },
    without: { 'the setting': withoutAction('thread', 'setRuntimeMode') },
  });
});

describe('turn.interrupt', () => {
  for (const [what, before] of [
    ['unbound', []],
    ['idle', READY],
  ] as const) {
    rule(`without an active turn it is accepted and without effect (${what})`, {
      given: before,
      when: [interrupt()],
      holds: (is) =>
        expect([is.answer, is.said()]).toEqual(['taken', ['command.noEffect command=turn.interrupt']]),
      without: {
        'the acceptance': guardIs('thread', 'isNone', false),
        'the fact': withoutAction('thread', 'sayNoEffect'),
      },
    });
  }

  rule("with another turn's id it is refused with TURN_NOT_ACTIVE", {
    given: running('a'),
    when: [interrupt('x')],
    holds: (is) => expect([is.answer, is.did()]).toEqual(['TURN_NOT_ACTIVE', []]),
    without: { 'the look at the id': guardIs('thread', 'isActiveOrAny', true) },
  });

  rule('with a turn id it is refused with TURN_NOT_ACTIVE where no turn is active', {
    given: READY,
    when: [interrupt('a')],
    holds: (is) => expect(is.answer).toBe('TURN_NOT_ACTIVE'),
    without: { 'the look at the id': guardIs('thread', 'isNone', true) },
  });

  rule('without the capability it is refused with CAPABILITY_UNSUPPORTED', {
    capabilities: { interrupt: false },
    given: [submit('a')],
    when: [interrupt()],
    holds: (is) => expect(is.answer).toBe('CAPABILITY_UNSUPPORTED'),
    without: { 'the look at the capability': NO_RULES },
  });

  rule('a second one is without effect also before the start', {
    given: [...handed('a'), interrupt()],
    when: [interrupt()],
    holds: (is) => expect([is.did(), is.said()]).toEqual([[], ['command.noEffect command=turn.interrupt']]),
    without: { 'the fact': withoutTransition('turn', 'handing.cancelling > $interrupt') },
  });

  rule('a second one is accepted and without effect', {
    given: [...running('a'), interrupt()],
    when: [interrupt()],
    holds: (is) => expect([is.did(), is.said()]).toEqual([[], ['command.noEffect command=turn.interrupt']]),
    without: {
      'the state': chartWith('turn', 'live.interrupting', ({ on }) => {
        if (on) delete on['$interrupt'];
      }),
    },
  });
});

describe('turn.retry', () => {
  for (const outcome of ['failed', 'interrupted'] as const) {
    rule(`it runs the last ${outcome} prompt as a new turn`, {
      given: [...running('a'), ...finished('a', outcome)],
      when: [retry('b')],
      holds: (is) => {
        expect([is.active, is.did('turn.start')]).toEqual([
          'b',
          ['turn.start connectionId=t1#1 turnId=b attempt=1 prompt=(turnId=b text=a) clientMessageId=b.1'],
        ]);
      },
      without: { 'the memory of it': endsTurnBy(({ set }) => ({ set: { ...set, retryable: null } })) },
    });
  }

  rule('it is refused with TURN_NOT_RETRYABLE where the last prompt completed', {
    given: READY,
    when: [retry('b')],
    holds: (is) => expect(is.answer).toBe('TURN_NOT_RETRYABLE'),
    without: {
      'the forgetting of it': endsTurnBy(({ set }, { activeTurn }) => ({
        set: { ...set, retryable: activeTurn?.prompt ?? null },
      })),
    },
  });

  rule('it is refused with THREAD_BUSY while a turn runs', {
    given: running('a'),
    when: [retry('b')],
    holds: (is) => expect(is.answer).toBe('THREAD_BUSY'),
    without: { 'the code': refusing((input) => input.type === 'turn.retry') },
  });

  rule('it is refused with THREAD_ARCHIVED in an archived thread', {
    given: [...running('a'), ...finished('a', 'failed'), ARCHIVE],
    when: [retry('b')],
    holds: (is) => expect(is.answer).toBe('THREAD_ARCHIVED'),
    without: { 'the look at the archive': NO_RULES },
  });

  rule('it survives a turn of the provider', {
    given: [...running('a'), ...finished('a', 'failed'), began('s'), ...finished('s', 'interrupted')],
    when: [retry('b')],
    holds: (is) => expect(is.active).toBe('b'),
    without: {
      'the memory of it': endsTurnBy(({ set }, { activeTurn }) => ({
        set: { ...set, retryable: activeTurn?.prompt ?? null },
      })),
    },
  });

  rule('it opens a connection where none is there', {
    given: [...running('a'), lost()],
    when: [retry('b')],
    holds: (is) => expect([is.active, is.status]).toEqual(['b', 'starting']),
    without: { 'the way': withoutTransition('thread', 'unbound > turn.retry') },
  });

  rule('it waits for a close that is under way', {
    given: [...running('a'), ...finished('a', 'failed'), idled()],
    when: [retry('b'), closed()],
    holds: (is) => expect([is.answer, is.active, is.end('b')]).toEqual(['taken', 'b', '']),
    without: { 'the waiting': guardIs('thread', 'canRetryNext', false) },
  });
});

describe('request.respond', () => {
  rule('it is refused with TURN_ENDING while the turn is interrupted', {
    given: [...running('a'), asked('a', 'r'), interrupt()],
    when: [respond('r')],
    holds: (is) => expect(is.answer).toBe('TURN_ENDING'),
    without: {
      'the refusal': chartWith('turn', 'live.interrupting', ({ on }) => {
        if (on) delete on['request.respond'];
      }),
    },
  });
});
