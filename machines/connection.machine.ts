import { sendParent, setup } from 'xstate';
import { by } from './act.ts';
import { connectionMoves } from './connection-moves.ts';
import type { ConnectionContext, ConnectionEnd } from './domain/context.ts';
import type { Effect } from './domain/effect.ts';
import { failure, type ErrorCode, type Failure } from './domain/error.ts';
import type { Fact } from './domain/fact.ts';
import type { ConnectionId, RequestId } from './domain/ids.ts';
import type { ThreadInput } from './domain/input.ts';
import type { RequestDraft } from './domain/request.ts';
import type { ConnectionSignal, LinkSignal } from './domain/signal.ts';
import type { ArmTimer, CancelTimer } from './domain/timer.ts';
import { isAnswerable, isBeingAnswered, isKnown } from './request-moves.ts';

export type ConnectionInput = Omit<ConnectionContext, 'force' | 'requests' | 'end'>;

/** The provider cannot begin with what it was asked to begin with. */
const HISTORY_GONE: ReadonlySet<ErrorCode> = new Set([
  'RESUME_FAILED',
  'CAPABILITY_UNSUPPORTED',
  'PROVIDER_BAD_REQUEST',
]);
const hasHistory = ({ resume, fork }: ConnectionContext): boolean => resume !== null || fork !== null;

type Mine = { readonly connectionId: ConnectionId };
type Asked = { readonly requestId: RequestId };

/**
 * One opening of a thread's provider session, from the asking to its proven end. The thread invokes it while it is
 * bound; the output says how it ended. It owns the requests that belong to no active turn.
 */
export const connectionMachine = setup({
  types: {
    context: {} as ConnectionContext,
    events: {} as ThreadInput | ConnectionSignal,
    input: {} as ConnectionInput,
    output: {} as ConnectionEnd,
    tags: {} as string,
  },
  actions: {
    fact: (_, _params: Fact) => {},
    effect: (_, _params: Effect) => {},
    armTimer: (_, _params: ArmTimer) => {},
    cancelTimer: (_, _params: CancelTimer) => {},
    toParent: sendParent((_, signal: LinkSignal) => signal),
    ...connectionMoves,
  },
  guards: {
    isCarried: ({ context }) => context.isCarried === true,
    isMine: ({ context }, { connectionId }: Mine) => connectionId === context.connectionId,
    isMineAndCarried: ({ context }, { connectionId }: Mine) =>
      connectionId === context.connectionId && context.isCarried === true,
    canBeginAnew: ({ context }, { connectionId, failure: cause }: Mine & { failure: Failure }) =>
      connectionId === context.connectionId && hasHistory(context) && HISTORY_GONE.has(cause.code),
    isMineAndQuiet: ({ context }, { connectionId }: Mine) =>
      connectionId === context.connectionId && Object.keys(context.requests).length === 0,
    isMineAndForced: ({ context }, { connectionId }: Mine) =>
      connectionId === context.connectionId && context.force,
    isNewRequest: ({ context }, { connectionId, request }: Mine & { request: RequestDraft }) =>
      connectionId === context.connectionId && !(request.requestId in context.requests),
    isKnown: ({ context }, asked: Asked) => isKnown(context.requests, asked),
    isAnswerable: ({ context }, asked: Asked) => isAnswerable(context.requests, asked),
    isBeingAnswered: ({ context }, asked: Asked) => isBeingAnswered(context.requests, asked),
  },
}).createMachine({
  id: 'connection',
  options: { maxIterations: 1000 },
  context: ({ input }) => ({ ...input, force: false, requests: {}, end: null }),
  output: ({ context }) => context.end ?? { how: 'lost', failure: failure('INTERNAL', '') },
  initial: 'beginning',
  on: {
    'connection.lost': { guard: by('isMine'), target: '.gone', actions: by('endBroken') },
    $adopt: { actions: by('adoptRequests') },
    $taskEnded: { actions: by('expireTask') },
    $restarted: { target: '.gone', actions: 'endRestarted' },
    $replaced: { target: '.gone', actions: ['endClosed', 'kill'] },
    'provider.requestResolved': { guard: by('isKnown'), actions: by('resolveRequest') },
    'provider.requestUndeliverable': { guard: by('isBeingAnswered'), actions: by('failRequest') },
    'request.deliveryTimedOut': { guard: by('isBeingAnswered'), actions: by('failRequest') },
  },
  states: {
    beginning: {
      description: 'Not for long: a connection that another one carries is open already.',
      always: [{ guard: 'isCarried', target: 'open', actions: 'hold' }, { target: 'opening' }],
    },
    opening: {
      description: 'The provider has been asked for a session, new or resumed.',
      entry: 'askToOpen',
      exit: 'stopOpening',
      on: {
        'connection.opened': {
          guard: by('isMine'),
          target: 'open',
          actions: [by('sayForgotten'), by('sayOpened')],
        },
        'connection.openFailed': [
          { guard: by('canBeginAnew'), target: 'opening', reenter: true, actions: by('beginAnew') },
          { guard: by('isMine'), target: 'gone', actions: by('endLost') },
        ],
        'connection.delayed': { guard: by('isMine'), actions: 'delay' },
        'connection.openTimedOut': { guard: by('isMine'), target: 'gone', actions: ['endUnopened', 'kill'] },
        'provider.requestOpened': { guard: by('isNewRequest'), actions: by('refuseRequest') },
        // nothing is open yet that a failed close could keep
        $close: {
          target: 'closing',
          actions: { type: 'sayClosing', params: ({ event }) => ({ why: event.why, force: true }) },
        },
      },
    },
    open: {
      description: 'The session is live: prompts reach the provider.',
      on: {
        // the provider has begun another conversation on it, and that is what is resumed
        'connection.opened': { guard: by('isMine'), actions: by('sayOpened') },
        // the sub-agent is over, or what carries it is
        'connection.closed': { guard: by('isMineAndCarried'), target: 'gone', actions: 'endClosed' },
        $close: { target: 'closing', actions: by('sayClosing') },
        'connection.idled': {
          guard: by('isMineAndQuiet'),
          target: 'closing',
          actions: { type: 'sayClosing', params: { why: 'idle', force: false } },
        },
        'provider.requestOpened': { guard: by('isNewRequest'), actions: by('openRequest') },
        'request.respond': { guard: by('isAnswerable'), actions: by('answerRequest') },
      },
    },
    closing: {
      description: 'The provider has been asked to let go. A close that fails is kept; a forced one kills.',
      entry: 'askToClose',
      exit: { type: 'cancelTimer', params: { name: 'connection.closeTimedOut' } },
      on: {
        $close: { actions: by('demandClose') },
        'connection.closed': { guard: by('isMine'), target: 'gone', actions: 'endClosed' },
        'connection.openFailed': { guard: by('isMine'), target: 'gone', actions: 'endClosed' },
        'provider.requestOpened': { guard: by('isNewRequest'), actions: by('refuseRequest') },
        // already gone is success
        'connection.lost': { guard: by('isMine'), target: 'gone', actions: 'endClosed' },
        'connection.closeFailed': [
          { guard: by('isMineAndForced'), target: 'gone', actions: ['endClosed', 'kill'] },
          {
            guard: by('isMine'),
            target: 'open',
            actions: { type: 'keep', params: ({ event }) => ({ cause: event.failure }) },
          },
        ],
        'connection.closeTimedOut': [
          { guard: by('isMineAndForced'), target: 'gone', actions: ['endClosed', 'kill'] },
          { guard: by('isMine'), target: 'open', actions: { type: 'keep', params: {} } },
        ],
      },
    },
    gone: {
      description: 'Nothing of this opening is left; its requests have expired.',
      type: 'final',
      entry: 'letGo',
    },
  },
});
