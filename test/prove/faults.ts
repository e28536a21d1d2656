/** Faults that are put into the shipped charts: the exploration has to find each. */
import type { ThreadContext, TurnOutput } from '../../machines/domain/context.ts';
import { failure } from '../../machines/domain/error.ts';
import type { Prompt } from '../../machines/domain/turn.ts';
import { added, foldQueue } from '../../machines/thread-queue.ts';
import {
  actionIs,
  both,
  guardIs,
  withoutAction,
  withoutAlways,
  withoutTransition,
  type Mutation,
} from '../helpers/mutants.ts';
import { endsAs, endsTurnBy, INTERRUPTED, threadMove } from '../helpers/without.ts';
import type { Bounds } from '../model/environment.ts';

export interface Fault {
  readonly name: string;
  readonly mutate: Mutation;
  /** The smallest configuration in which it shows. */
  readonly bounds: Bounds;
  /** One of the rules that it breaks. */
  readonly rule: string;
  /** Why a recording of it is stepped alike by the shipped charts; left out: it is not. */
  readonly unseen?: string;
}

const BARE: Bounds = { prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, nativeSteer: false };
const STEERS: Bounds = { ...BARE, prompts: 1 };
const NATIVE: Bounds = { ...STEERS, nativeSteer: true };
const REQUESTS: Bounds = { ...BARE, requests: 1 };
const BESIDE: Bounds = { ...BARE, sideRequests: 1 };
const SIDE: Bounds = { ...BARE, sideTurns: 1 };

const REST = 'timers alone lead to rest';

const flattened = <F extends { readonly type: string }>(facts: readonly F[], { end }: TurnOutput): object[] =>
  facts.map((fact) =>
    fact.type === 'turn.ended' && end.outcome === 'failed' ? { ...fact, outcome: 'interrupted' } : fact,
  );

const NOTHING = threadMove(() => ({}));

/** What goes wrong is passed over. */
function enqueueAnyway({ queue }: ThreadContext, event: { readonly prompt: Prompt }) {
  try {
    const facts = [added(event.prompt, queue.entries.length)];
    return { set: { queue: foldQueue(queue, facts) }, facts };
  } catch {
    return {};
  }
}

/** The deadline of a state does nothing. */
const untimed = (what: string, name: 'connection' | 'turn', path: string): Fault => ({
  name: `no deadline for ${what}`,
  mutate: withoutTransition(name, path),
  bounds: BARE,
  rule: REST,
});

const DEADLINES: readonly Fault[] = [
  untimed('opening', 'connection', 'opening > connection.openTimedOut'),
  untimed('closing', 'connection', 'closing > connection.closeTimedOut'),
  untimed('starting', 'turn', 'handing > turn.startTimedOut'),
  untimed('silence', 'turn', 'live.streaming > turn.stalled'),
  untimed('interrupting', 'turn', 'live.interrupting > interrupt.timedOut'),
  untimed('settling', 'turn', 'settling > settle.timedOut'),
  untimed('looking up', 'turn', 'reconciling > lookUp.timedOut'),
  { ...untimed('steering', 'turn', 'live.steering > steer.timedOut'), bounds: NATIVE },
  { ...untimed('ending for a steer', 'turn', 'live.ending > interrupt.timedOut'), bounds: STEERS },
  { ...untimed('delivering an answer', 'turn', 'live > request.deliveryTimedOut'), bounds: REQUESTS },
];

export const FAULTS: readonly Fault[] = [
  ...DEADLINES,
  { name: 'silence is not watched', mutate: withoutAction('turn', 'watch'), bounds: BARE, rule: REST },
  {
    name: 'the ended turn stays the active one',
    mutate: endsTurnBy(({ set }, { activeTurn }) => ({ set: { ...set, activeTurn } })),
    bounds: BARE,
    rule: 'an active turn iff starting or running',
  },
  {
    name: 'the end of another turn counts',
    mutate: both(guardIs('thread', 'isActive', true), guardIs('turn', 'isMine', true)),
    bounds: BARE,
    rule: 'a turn ends by its own word',
  },
  {
    name: 'a turn ends twice',
    mutate: endsTurnBy(({ facts = [] }) => ({ facts: [...facts, ...facts] })),
    bounds: BARE,
    rule: 'exactly one terminal fact for each turn',
  },
  {
    name: 'a turn ends without a word',
    mutate: endsTurnBy(({ facts = [] }) => ({ facts: facts.filter(({ type }) => type !== 'turn.ended') })),
    bounds: BARE,
    rule: 'only the end of the active turn settles the thread',
  },
  {
    name: 'a failure is flattened into an interrupt',
    mutate: endsTurnBy(({ facts = [] }, _, output) => ({ facts: flattened(facts, output) })),
    bounds: BARE,
    rule: 'a failed turn stays failed',
  },
  {
    name: 'requests are forgotten at the end of a turn',
    mutate: withoutAction('turn', 'letGo'),
    bounds: REQUESTS,
    rule: 'no request is open after the end of its owner',
  },
  {
    name: 'requests are forgotten at the end of a connection',
    mutate: withoutAction('connection', 'letGo'),
    bounds: BESIDE,
    rule: 'no request is open after the end of its owner',
  },
  {
    name: 'a turn is not told that its connection is lost',
    mutate: withoutAction('thread', 'noteLostTurn'),
    bounds: BARE,
    rule: 'the link mirrors the connection',
  },
  {
    name: 'a delete is never carried out',
    mutate: withoutAlways('thread', 'unbound', 0),
    bounds: BARE,
    rule: 'a delete is carried out',
  },
  {
    name: 'the queue does not drain',
    mutate: withoutAlways('thread', 'bound.idle', 1),
    bounds: STEERS,
    rule: 'what flows in a settled thread waits for a close only',
  },
  {
    name: 'a side turn is left alone',
    mutate: withoutAlways('thread', 'bound.idle', 0),
    bounds: SIDE,
    rule: 'a side turn becomes active where none is',
  },
  {
    name: 'another connection’s end counts',
    mutate: guardIs('connection', 'isMine', true),
    bounds: BARE,
    rule: 'a connection ends by the word of its provider, or is killed',
  },
  {
    name: 'a connection that did not open is not killed',
    mutate: withoutAction('connection', 'kill'),
    unseen: 'what the charts ask for is not journaled',
    bounds: BARE,
    rule: 'a connection ends by the word of its provider, or is killed',
  },
  {
    name: 'nobody asks for a process',
    mutate: withoutAction('connection', 'askToOpen'),
    bounds: BARE,
    rule: 'a new connection asks for its process',
  },
  {
    name: 'a suspect connection is used again',
    mutate: withoutAction('thread', 'distrust'),
    bounds: BARE,
    rule: 'a connection that did not answer is not used again',
  },
  {
    name: 'a restart does not end the connection',
    mutate: withoutAction('thread', 'restartConnection'),
    bounds: BARE,
    rule: 'a recovery leaves the thread settled, looking up its prompt, or on with its queue',
  },
  {
    name: 'archiving does not hold the queue',
    mutate: actionIs(
      'thread',
      'archive',
      threadMove(() => ({ set: { archived: true } })),
    ),
    bounds: STEERS,
    rule: 'the row is the fold of the facts',
  },
  {
    name: 'an accepted command leaves no trace',
    mutate: withoutAction('thread', 'sayNoEffect'),
    bounds: BARE,
    rule: 'an accepted command says something',
  },
  {
    name: 'an interrupt is forgotten',
    mutate: withoutAction('thread', 'interruptTurn'),
    bounds: BARE,
    rule: 'an accepted command says something',
  },
  {
    name: 'a cancelled prompt stays in the queue',
    mutate: actionIs('thread', 'cancelEntry', NOTHING),
    bounds: STEERS,
    rule: 'an accepted command says something',
  },
  {
    name: 'a chart remembers something beside its context',
    mutate: (world) => {
      let count = 0;
      const counted = threadMove((_, { type }: { type: string }) => {
        count += 1;
        return { facts: [{ type: 'command.noEffect', command: `${type} ${count}` }] };
      });
      return actionIs('thread', 'sayNoEffect', counted)(world);
    },
    bounds: BARE,
    rule: 'the same input does the same after a failed commit',
  },
  {
    name: 'a context holds what no journal keeps',
    mutate: actionIs(
      'thread',
      'clearError',
      threadMove(() => ({ set: { lastError: Object.assign(new Error('none'), failure('INTERNAL', '')) } })),
    ),
    bounds: BARE,
    rule: 'what is remembered is plain JSON',
  },
  {
    name: 'an input is taken in halves',
    mutate: actionIs('thread', 'enqueue', threadMove(enqueueAnyway)),
    unseen: 'an input that cannot be read is not journaled',
    bounds: STEERS,
    rule: 'an input that throws is not taken',
  },
  {
    name: 'a context is changed in place',
    mutate: actionIs(
      'thread',
      'holdInterrupted',
      threadMove(({ queue }) => {
        Object.assign(queue, { status: 'held' });
        return {};
      }),
    ),
    bounds: BARE,
    rule: 'no catalogued input throws',
  },
  {
    name: 'a lost turn is called interrupted',
    mutate: endsAs('endLost', INTERRUPTED),
    bounds: BARE,
    rule: 'a failed turn stays failed',
  },
];
