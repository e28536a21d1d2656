/** What may happen on a walk, as data that fast-check can shrink. */
import fc from 'fast-check';
import type { Faults } from '../helpers/scripted-world.ts';

export type Action =
  | { readonly do: 'command'; readonly client: number; readonly thread: number; readonly of: Wish }
  /** Without waiting for the answers: what comes first is up to the wires. */
  | { readonly do: 'at once'; readonly thread: number; readonly of: readonly [Wish, Wish] }
  /** With the id that it had, by any client. */
  | { readonly do: 'repeat'; readonly client: number; readonly back: number }
  | { readonly do: 'disconnect'; readonly client: number }
  | { readonly do: 'fault'; readonly faults: Faults }
  | { readonly do: 'mend' }
  | { readonly do: 'provider dies' }
  | { readonly do: 'provider begins'; readonly text: string }
  | { readonly do: 'commit fails'; readonly when: 'before' | 'after' }
  | { readonly do: 'server dies' }
  | { readonly do: 'time'; readonly ms: number };

/** What the two clients do. */
export type ClientAction = Extract<Action, { readonly do: 'command' | 'at once' | 'repeat' | 'disconnect' }>;

/** What may happen to a server in a process of its own, where time is nobody's to move. */
export type ProcessAction =
  | ClientAction
  /** Until the thread is at rest, or waits for somebody. */
  | { readonly do: 'rest'; readonly thread: number }
  /** By SIGKILL, so long after it was asked for something. */
  | {
      readonly do: 'server is killed';
      readonly thread: number;
      readonly during: Wish;
      readonly afterMs: number;
    };

/** A command without its thread; what it names is chosen among what is there. */
export interface Wish {
  readonly type: string;
  readonly text?: string;
  readonly mode?: string;
  readonly decision?: string;
}

const WORDS = [
  'hi',
  'long',
  'open',
  'wait',
  'ask',
  'ask2',
  'question',
  'silent',
  'late',
  'fail',
  'lose',
  'refuse',
  'absorb',
];
const textOf = (words: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }).map((chosen) => chosen.join(' '));

const submitOf = (prompt: fc.Arbitrary<string>): fc.Arbitrary<Wish> =>
  fc.record({
    type: fc.constant('turn.submit'),
    text: prompt,
    mode: fc.constantFrom('start', 'queue', 'queue', 'steer', 'restart'),
  });
const respond = fc.record({
  type: fc.constant('request.respond'),
  decision: fc.constantFrom('accept', 'decline', 'acceptForSession', 'cancel'),
});
const plain = fc
  .constantFrom(
    'turn.interrupt',
    'turn.retry',
    'queue.resume',
    'queue.cancel',
    'queue.promote',
    'thread.stop',
    'thread.archive',
    'thread.unarchive',
    'thread.setTitle',
  )
  .map((type): Wish => ({ type }));
const wishOf = (prompt: fc.Arbitrary<string>, promptWeight: number): fc.Arbitrary<Wish> =>
  fc.oneof(
    { weight: promptWeight, arbitrary: submitOf(prompt) },
    { weight: 2, arbitrary: respond },
    { weight: 3, arbitrary: plain },
  );
const wish = wishOf(textOf(WORDS), 6);
/** The words of the agent that is a process. */
const wishOfProcess = wishOf(textOf(['hi', 'hello', 'ask', 'ask', 'wait', 'run', 'fail', 'die']), 12);

const faults: fc.Arbitrary<Faults> = fc.constantFrom<Faults>(
  { open: 'fail' },
  { open: 'silent' },
  { open: 'forgotten' },
  { close: 'fail' },
  { close: 'silent' },
  { start: 'silent' },
  { interrupt: 'silent' },
  { interrupt: 'refuse' },
  { interrupt: 'complete' },
  { steer: 'silent' },
  { steer: 'refuse' },
  { answer: 'silent' },
  { answer: 'fail' },
  { settle: 'silent' },
  { process: 'fail' },
  { lookUp: 'silent' },
);
const client = fc.nat({ max: 1 });
const thread = fc.nat({ max: 1 });
const on = <D extends (Action | ProcessAction)['do']>(name: D) => fc.constant(name);

const command = fc.record({ do: on('command'), client, thread, of: wish });
const atOnce = fc.record({ do: on('at once'), thread, of: fc.tuple(wish, wish) });
const repeat = fc.record({ do: on('repeat'), client, back: fc.nat({ max: 5 }) });
const disconnect = fc.record({ do: on('disconnect'), client });

export const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 40, arbitrary: command },
  { weight: 8, arbitrary: atOnce },
  { weight: 4, arbitrary: repeat },
  { weight: 4, arbitrary: disconnect },
  { weight: 4, arbitrary: fc.record({ do: on('fault'), faults }) },
  { weight: 4, arbitrary: fc.record({ do: on('mend') }) },
  { weight: 1, arbitrary: fc.record({ do: on('provider dies') }) },
  { weight: 3, arbitrary: fc.record({ do: on('provider begins'), text: textOf(WORDS) }) },
  { weight: 2, arbitrary: fc.record({ do: on('commit fails'), when: fc.constantFrom('before', 'after') }) },
  { weight: 2, arbitrary: fc.record({ do: on('server dies') }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: on('time'), ms: fc.constantFrom(20, 5_000, 31_000, 61_000, 610_000) }),
  },
);

const ofProcess = { client, thread, of: wishOfProcess };

export const processAction: fc.Arbitrary<ProcessAction> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: on('command'), ...ofProcess }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: on('at once'), thread, of: fc.tuple(wishOfProcess, wishOfProcess) }),
  },
  { weight: 2, arbitrary: repeat },
  { weight: 1, arbitrary: disconnect },
  { weight: 8, arbitrary: fc.record({ do: on('rest'), thread }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: on('server is killed'),
      thread,
      during: wishOfProcess,
      afterMs: fc.constantFrom(0, 1, 2, 4, 8, 20),
    }),
  },
);
