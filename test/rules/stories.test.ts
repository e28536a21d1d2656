/** Five stories to their exact facts, effects and ends: the five in which most systems of this kind go wrong. */
import { describe, expect, it } from 'vitest';
import { fires, given, type Cue, type Outcome } from '../helpers/given.ts';
import {
  accepted,
  asked,
  began,
  ended,
  finished,
  handed,
  interrupt,
  lookedUp,
  lost,
  opened,
  RECOVERED,
  respond,
  running,
  runningNative,
  started,
  steerAccepted,
  submit,
} from '../helpers/inputs.ts';

interface Expected {
  readonly facts: readonly string[];
  readonly effects: readonly string[];
  readonly value: unknown;
  readonly status: string;
  readonly queue?: string;
  readonly lastError?: string | null;
  readonly armed?: readonly string[];
}

const NOTHING_LEFT = { queue: 'flowing: ', lastError: null, armed: [] };

/** The second item of the thread, after the prompt of `a`. */
const noticeOf = (topic: string, text: string): string =>
  `item.completed item=(itemId=1g20x3c1j7zd2p body=(kind=notice tone=error topic=${topic}) text=${text} ` +
  'status=completed ordinal=2 turnId=a attempt=1)';

function expectExactly(outcome: Outcome, expected: Expected): void {
  const { value, status, queue, lastError, armed } = outcome;
  const all = { facts: outcome.said(), effects: outcome.did(), value, status, queue, lastError, armed };
  expect(all).toEqual({ ...NOTHING_LEFT, ...expected });
}

const UNBOUND = (word: string) => [{ unbound: word }, undefined, undefined];
const IDLE = (word: string) => [{ bound: { idle: word } }, 'open', undefined];
const RELEASED = 'tell instanceId=i input=(type=instance.release threadId=t1 connectionId=t1#1)';

describe('an approval is answered in the same tick in which the provider dies', () => {
  const before = [...running('a'), submit('b', 'queue'), asked('a', 'r')];

  it('expires the request, because nobody knows whether the answer arrived, and fails the turn', () => {
    const outcome = given(before).when(respond('r'), lost());
    expectExactly(outcome, {
      facts: [
        'request.answering requestId=r answer=(decision=accept)',
        'connection.lost connectionId=t1#1 failure=CONNECTION_LOST',
        'request.closed requestId=r outcome=expired',
        'turn.ended turnId=a outcome=failed started failure=CONNECTION_LOST',
        'queue.held reason=failed',
        noticeOf('turn.failed', 'CONNECTION_LOST'),
        'thread.statusChanged status=error lastError=CONNECTION_LOST',
      ],
      effects: [
        'request.answer connectionId=t1#1 requestId=r nativeRequestId=native-r answer=(decision=accept)',
        RELEASED,
      ],
      value: UNBOUND('error'),
      status: 'error',
      queue: 'held failed: b',
      lastError: 'CONNECTION_LOST',
    });
    expect(outcome.request('r')).toBe('closed expired');
  });

  it('refuses the answer where the death comes first', () => {
    const outcome = given(before).when(lost(), respond('r'));
    expect([outcome.answer, outcome.did('request.answer')]).toEqual(['REQUEST_CLOSED', []]);
  });
});

describe('an interrupt falls between the acceptance of a prompt and the start of its turn', () => {
  const before = [...handed('a'), accepted('a', { native: 'n-a' })];

  it('is remembered, sent when the turn starts, and ends it as interrupted', () => {
    const outcome = given(before).when(
      interrupt(),
      started('a', { native: 'n-a' }),
      ...finished('a', 'interrupted'),
    );
    expectExactly(outcome, {
      facts: [
        'turn.interrupting turnId=a reason=user',
        'turn.started turnId=a attempt=1 nativeTurnId=n-a',
        'thread.statusChanged status=running activeTurnId=a',
        'turn.ended turnId=a outcome=interrupted started reason=user',
        'thread.statusChanged status=interrupted',
      ],
      effects: [
        'turn.interrupt connectionId=t1#1 turnId=a attempt=1 nativeTurnId=n-a',
        'turn.settle connectionId=t1#1 turnId=a attempt=1 nativeTurnId=n-a outcome=interrupted',
      ],
      value: IDLE('interrupted'),
      status: 'interrupted',
    });
  });

  it('sends nothing before the start', () => {
    expect(given(before).when(interrupt()).did()).toEqual([]);
  });

  it('ends the turn without the provider where that never starts it, and closes the connection', () => {
    const outcome = given(before).when(interrupt(), fires('turn.startTimedOut'));
    expectExactly(outcome, {
      facts: [
        'turn.interrupting turnId=a reason=user',
        'turn.ended turnId=a outcome=interrupted failure=INTERRUPT_TIMED_OUT reason=user',
        noticeOf('interrupt.failed', 'the provider did not answer an interrupt'),
        'connection.closing connectionId=t1#1 why=suspect',
        'thread.statusChanged status=interrupted',
      ],
      effects: [
        'turn.interrupt connectionId=t1#1 turnId=a attempt=1 nativeTurnId=n-a',
        'connection.close connectionId=t1#1',
      ],
      value: [{ bound: { idle: 'interrupted' } }, 'closing', undefined],
      status: 'interrupted',
      armed: ['connection.closeTimedOut'],
    });
  });
});

describe('the server is killed between commit and release, and recovers', () => {
  const LOOK_UP =
    'tell instanceId=i input=(type=instance.acquire work=(type=turn.lookUp threadId=t1 turnId=a attempt=1 ' +
    'nativeThreadId=native clientMessageId=a.1))';
  const DONE = 'tell instanceId=i input=(type=instance.workDone threadId=t1)';

  /** The hand-over is committed, its effect may or may not have been performed. */
  function recovered(...cues: Cue[]): Outcome {
    const scene = given([...handed('a'), submit('b', 'queue')]);
    scene.stage.restore();
    return scene.when(RECOVERED, ...cues);
  }
  const AT_ONCE = ['queue.held reason=restarted', 'connection.closed connectionId=t1#1'];

  it('shows the prompt as reconciling until it knows', () => {
    expectExactly(recovered(), {
      facts: AT_ONCE,
      effects: [RELEASED, LOOK_UP],
      value: [{ bound: { working: 'starting' } }, 'gone', 'reconciling'],
      status: 'starting',
      queue: 'held restarted: b',
      armed: ['lookUp.timedOut'],
    });
  });

  it('takes the outcome of the provider where the prompt is found', () => {
    expectExactly(recovered(lookedUp('a', 'completed')), {
      facts: [
        ...AT_ONCE,
        'turn.ended turnId=a outcome=completed started',
        'thread.statusChanged status=stopped',
      ],
      effects: [RELEASED, LOOK_UP, DONE],
      value: UNBOUND('stopped'),
      status: 'stopped',
      queue: 'held restarted: b',
    });
  });

  it('puts the text back at the head of the held queue where the prompt is absent', () => {
    expectExactly(recovered(lookedUp('a', 'absent')), {
      facts: [
        ...AT_ONCE,
        'turn.ended turnId=a outcome=failed failure=NOT_DELIVERED',
        'queue.added entry=(turnId=a:2 text=a intent=queued failure=NOT_DELIVERED) index=0',
        'queue.held reason=failed',
        noticeOf('start.failed', 'the prompt had not reached the provider; it is back in the queue'),
        'thread.statusChanged status=stopped lastError=NOT_DELIVERED',
      ],
      effects: [RELEASED, LOOK_UP, DONE],
      value: UNBOUND('stopped'),
      status: 'stopped',
      queue: 'held failed: a:2, b',
      lastError: 'NOT_DELIVERED',
    });
  });

  it.each([
    ['where no look-up is possible', lookedUp('a', 'unknown')],
    ['where nobody answers', fires('lookUp.timedOut')],
  ] as const)('says that the outcome is unknown %s', (_, cue) => {
    expectExactly(recovered(cue), {
      facts: [
        ...AT_ONCE,
        'turn.ended turnId=a outcome=unknown failure=SERVER_RESTARTED',
        'queue.held reason=unknown',
        noticeOf('turn.unknown', 'the server ended while the turn ran'),
        'thread.statusChanged status=stopped lastError=SERVER_RESTARTED',
      ],
      effects: [RELEASED, LOOK_UP, DONE],
      value: UNBOUND('stopped'),
      status: 'stopped',
      queue: 'held unknown: b',
      lastError: 'SERVER_RESTARTED',
    });
  });
});

// Two clients with one command id are one command: the receipt is the runtime's, and its test, too. Here are two ids.
describe('two clients steer at once', () => {
  const message = (name: string, itemId: string, ordinal: number) =>
    `item.completed item=(itemId=${itemId} body=(kind=user_message intent=steer) text=${name} status=completed ` +
    `ordinal=${ordinal} turnId=a attempt=1)`;
  const S = '07mgol91j5je2o';
  const U = '0fahnfiyk4hwp';
  const JOINED = [
    message('s', S, 2),
    `turn.steered turnId=a steerId=s itemId=${S}`,
    message('u', U, 3),
    `turn.steered turnId=a steerId=u itemId=${U}`,
  ];
  const COMPLETED = ['turn.ended turnId=a outcome=completed started', 'thread.statusChanged status=ready'];

  it('joins both in order, one after the other, where the provider takes them in the running turn', () => {
    const outcome = given(runningNative('a')).when(
      submit('s', 'steer'),
      submit('u', 'steer'),
      steerAccepted('a', 's'),
      steerAccepted('a', 'u'),
      ...finished('a'),
    );
    expectExactly(outcome, {
      facts: [...JOINED, ...COMPLETED],
      effects: [
        'turn.steer connectionId=t1#1 turnId=a attempt=1 steer=(turnId=s text=s) clientMessageId=s.1',
        'turn.steer connectionId=t1#1 turnId=a attempt=1 steer=(turnId=u text=u) clientMessageId=u.1',
        'turn.settle connectionId=t1#1 turnId=a attempt=1 outcome=completed',
      ],
      value: IDLE('ready'),
      status: 'ready',
    });
  });

  it('makes one new attempt of both where the provider does not', () => {
    const second = { attempt: 2 };
    const outcome = given(running('a')).when(
      submit('s', 'steer'),
      submit('u', 'steer'),
      ended('a', 'interrupted'),
      accepted('a', second),
      started('a', second),
      ...finished('a', 'completed', second),
    );
    expectExactly(outcome, {
      facts: [
        'turn.attempted turnId=a attempt=2',
        ...JOINED,
        'turn.accepted turnId=a attempt=2',
        'turn.started turnId=a attempt=2',
        ...COMPLETED,
      ],
      effects: [
        'turn.interrupt connectionId=t1#1 turnId=a attempt=1',
        'turn.start connectionId=t1#1 turnId=a attempt=2 prompt=(turnId=s text=s\n\nu) clientMessageId=a.2',
        'turn.settle connectionId=t1#1 turnId=a attempt=2 outcome=completed',
      ],
      value: IDLE('ready'),
      status: 'ready',
    });
  });
});

describe("a provider starts a turn by itself while the user's queued prompt is being handed over", () => {
  const before = [...running('a'), submit('b', 'queue'), ...finished('a')];
  const BEGAN = 'turn.began turnId=s ordinal=3 attempt=1 origin=provider side nativeTurnId=native-s';

  it('records a side turn, gives the prompt time, and starts it when the side turn has ended', () => {
    const scene = given(before);
    const beside = scene.when(began('s'), accepted('b'));
    expect(beside.stage.timers['turn.startTimedOut']).toMatchObject({ afterMs: 600_000, idle: true });
    const outcome = scene.when(ended('s'), started('b'));
    expect(beside.said()).toEqual([BEGAN, 'turn.accepted turnId=b attempt=1']);
    expectExactly(outcome, {
      facts: [
        'turn.ended turnId=s outcome=completed started',
        'turn.started turnId=b attempt=1',
        'thread.statusChanged status=running activeTurnId=b',
      ],
      effects: [],
      value: [{ bound: { working: 'running' } }, 'open', { live: 'streaming' }],
      status: 'running',
      armed: ['turn.stalled'],
    });
  });

  it('ends the prompt as absorbed where the acceptance names the side turn, which becomes the active one', () => {
    const outcome = given(before).when(began('s'), accepted('b', { native: 'native-s' }), ...finished('s'));
    expectExactly(outcome, {
      facts: [
        BEGAN,
        'turn.ended turnId=b outcome=absorbed into=s',
        'turn.promoted turnId=s',
        'thread.statusChanged status=running activeTurnId=s',
        'turn.ended turnId=s outcome=completed started',
        'thread.statusChanged status=ready',
      ],
      effects: ['turn.settle connectionId=t1#1 turnId=s attempt=1 nativeTurnId=native-s outcome=completed'],
      value: IDLE('ready'),
      status: 'ready',
    });
  });

  it('keeps the two apart where the connection has just opened and the provider is first', () => {
    const outcome = given([submit('a')]).when(began('s'), opened(), ended('s'), started('a'));
    expect(outcome.said('turn.began', 'turn.ended', 'turn.started')).toEqual([
      'turn.began turnId=s ordinal=2 attempt=1 origin=provider side nativeTurnId=native-s',
      'turn.ended turnId=s outcome=completed started',
      'turn.started turnId=a attempt=1',
    ]);
  });
});
