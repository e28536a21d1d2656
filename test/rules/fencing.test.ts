import { describe, expect } from 'vitest';
import { fires } from '../helpers/given.ts';
import {
  accepted,
  asked,
  began,
  closed,
  ended,
  handed,
  idled,
  inactive,
  interrupt,
  item,
  lookedUp,
  lost,
  opened,
  RECOVERED,
  resolved,
  respond,
  running,
  settled,
  started,
  steerAccepted,
  submit,
  undeliverable,
  usage,
} from '../helpers/inputs.ts';
import { both, guardAs, guardIs, withoutAction, type Mutation } from '../helpers/mutants.ts';
import { rule } from '../helpers/rule.ts';
import type { Cue } from '../helpers/given.ts';

/** On the second connection, with the first one's inputs still to come. */
const SECOND = [
  ...running('a'),
  lost(),
  submit('b'),
  opened(2),
  accepted('b', { on: 2 }),
  started('b', { on: 2 }),
];
const OPENING = [...running('a'), lost(), submit('b')];
/** In the second attempt of a turn. */
const SECOND_ATTEMPT = [
  ...running('a'),
  submit('s', 'steer'),
  ended('a', 'interrupted'),
  accepted('a', { attempt: 2 }),
];

const ANY_CONNECTION = both(guardIs('connection', 'isMine', true), guardIs('thread', 'isMine', true));
const ANY_ATTEMPT = guardAs(
  'turn',
  'isMine',
  ({ context }: { context: { turnId: string } }, named: { turnId: string | null }) =>
    named.turnId === context.turnId,
);

describe('of another connection', () => {
  const CASES: readonly [string, readonly Cue[], Cue, Mutation][] = [
    ['its opening', OPENING, opened(1), ANY_CONNECTION],
    ['its loss', SECOND, lost(1), ANY_CONNECTION],
    ['its close', [...SECOND, { type: 'thread.stop' }], closed(1), ANY_CONNECTION],
    [
      'its idling',
      [...SECOND, ended('b', 'completed', { on: 2 }), settled('b')],
      idled(1),
      guardIs('connection', 'isMineAndQuiet', true),
    ],
    ['an end of a turn', SECOND, ended('b', 'completed', { on: 1 }), ANY_ATTEMPT],
    ['a start', [...OPENING, opened(2)], started('b', { on: 1 }), ANY_ATTEMPT],
    ['a turn of the provider', SECOND, began('s', { on: 1 }), guardIs('thread', 'isNewBeside', true)],
    [
      'an inactive state',
      SECOND,
      inactive('ready', 1),
      both(guardIs('thread', 'isMine', true), guardIs('turn', 'isOnMyConnection', true)),
    ],
    ['a request', SECOND, asked('b', 'r', { on: 1 }), guardIs('turn', 'isMyRequest', true)],
    [
      'a request without a turn',
      SECOND,
      asked('x', 'r', { on: 1, owner: 'connection' }),
      guardIs('connection', 'isNewRequest', true),
    ],
    [
      'an item',
      SECOND,
      item('Completed', 'b', { id: 'i', ref: { on: 1 } }),
      guardIs('thread', 'isMine', true),
    ],
    ['usage', SECOND, usage(1), guardIs('thread', 'isMyUsage', true)],
  ];
  for (const [what, before, input, mutation] of CASES) {
    rule(`${what} is recorded and ignored`, {
      given: before,
      when: [input],
      holds: (is) =>
        expect([is.answer, is.said(), is.active === 'b' || is.active === null]).toEqual([
          'ignored',
          [],
          true,
        ]),
      without: { 'the connection id': mutation },
    });
  }
});

describe('of another attempt', () => {
  const CASES: readonly [string, readonly Cue[], Cue][] = [
    ['an end', SECOND_ATTEMPT, ended('a', 'completed', { attempt: 1 })],
    ['a start', SECOND_ATTEMPT, started('a', { attempt: 1 })],
    ['a settling', [...SECOND_ATTEMPT, ended('a', 'completed', { attempt: 2 })], settled('a', 1)],
    ['a look-up', [...SECOND_ATTEMPT, RECOVERED], lookedUp('a', 'completed', 1)],
  ];
  for (const [what, before, input] of CASES) {
    rule(`${what} is recorded and ignored`, {
      given: before,
      when: [input],
      holds: (is) => expect([is.answer, is.said(), is.active]).toEqual(['ignored', [], 'a']),
      without: { 'the attempt': ANY_ATTEMPT },
    });
  }

  rule('an attempt that the adapter does not know is the current one', {
    given: SECOND_ATTEMPT,
    when: [started('a', { attempt: 0 })],
    holds: (is) =>
      expect([is.answer, is.said('turn.started')]).toEqual(['taken', ['turn.started turnId=a attempt=2']]),
    without: {
      'the meaning of 0': guardAs(
        'turn',
        'isMine',
        ({ context }: { context: { attempt: number } }, named: { attempt: number }) =>
          named.attempt === context.attempt,
      ),
    },
  });

  rule('a late start of a turn that is over begins nothing', {
    given: [...running('a'), ended('a'), settled('a')],
    when: [started('a')],
    holds: (is) => expect([is.answer, is.status]).toEqual(['ignored', 'ready']),
    without: { 'the look at the id': guardIs('thread', 'isNew', true) },
  });

  for (const owner of ['turn', 'connection'] as const) {
    const isMine = owner === 'turn' ? [] : [ended('a'), settled('a')];
    rule(`a failed delivery of an answer that nobody gave to a request of the ${owner} is ignored`, {
      given: [...running('a'), ...isMine, asked('a', 'r', { owner })],
      when: [undeliverable('r', owner)],
      holds: (is) => expect([is.answer, is.request('r')]).toEqual(['ignored', 'open']),
      without: { 'the look at the status': guardIs(owner, 'isBeingAnswered', true) },
    });

    rule(`an end of another request of the ${owner} is ignored`, {
      given: [...running('a'), ...isMine, asked('a', 'r', { owner })],
      when: [resolved('x', owner)],
      holds: (is) => expect([is.answer, is.said()]).toEqual(['ignored', []]),
      without: { 'the look at the id': guardIs(owner, 'isKnown', true) },
    });
  }

  rule('an answer to another steer is ignored', {
    given: [submit('a'), opened(1, { nativeSteer: true }), started('a'), submit('s', 'steer')],
    when: [steerAccepted('a', 'x')],
    holds: (is) => expect([is.answer, is.said()]).toEqual(['ignored', []]),
    without: { 'the steer id': guardIs('turn', 'isMySteer', true) },
  });

  rule('a request that is known is not opened twice', {
    given: [...running('a'), asked('a', 'r'), respond('r')],
    when: [asked('a', 'r')],
    holds: (is) => expect([is.answer, is.request('r')]).toEqual(['ignored', 'answering']),
    without: { 'the look at the id': guardIs('turn', 'isMyRequest', true) },
  });
});

describe('what goes out', () => {
  rule('every effect of a turn carries connection, turn, attempt and the native id', {
    given: [...handed('a'), accepted('a', { native: 'n-a' }), started('a'), submit('s', 'steer')],
    when: [
      ended('a', 'interrupted'),
      accepted('a', { attempt: 2, native: 'n-b' }),
      started('a', { attempt: 2 }),
      interrupt(),
    ],
    holds: (is) => {
      expect(is.did()).toEqual([
        'turn.start connectionId=t1#1 turnId=a attempt=2 prompt=(turnId=s text=s) clientMessageId=a.2',
        'turn.interrupt connectionId=t1#1 turnId=a attempt=2 nativeTurnId=n-b',
      ]);
    },
    without: { 'the native id': withoutAction('turn', 'accept') },
  });

  rule('the timers of a turn go with it', {
    given: [...running('a'), asked('a', 'r'), respond('r')],
    when: [lost(), fires('request.deliveryTimedOut:r')],
    holds: (is) => expect([is.armed, is.answer]).toEqual([[], 'ignored']),
    without: { 'the letting go': withoutAction('turn', 'letGo') },
  });

  rule('the timers of a connection go with it', {
    given: [
      ...running('a'),
      ended('a'),
      settled('a'),
      asked('s', 'r', { owner: 'connection' }),
      respond('r', 'accept', 'connection'),
    ],
    when: [lost()],
    holds: (is) => expect(is.armed).toEqual([]),
    without: { 'the letting go': withoutAction('connection', 'letGo') },
  });
});
