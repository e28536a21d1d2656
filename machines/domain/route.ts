/** Which child an input belongs to. Pure and total: the root of the thread takes what no child is named for. */
import type { ThreadContext } from './context.ts';
import type { ThreadInput } from './input.ts';
import type { TurnSignal } from './signal.ts';

export type Route =
  | { readonly child: 'connection' | 'turn'; readonly event: ThreadInput | TurnSignal }
  | { readonly child: null };

const ROOT: Route = { child: null };

/** The child that has the last word on the input, and what it is told. */
export function route(input: ThreadInput, context: ThreadContext): Route {
  switch (input.type) {
    case 'turn.submit':
      return input.mode === 'steer' ? toTurn({ type: '$steer', steer: input.prompt }) : ROOT;
    case 'queue.promote': {
      const steer = context.queue.entries.find((entry) => entry.turnId === input.queueEntryId);
      return steer === undefined ? ROOT : toTurn({ type: '$steer', steer });
    }
    case 'provider.turnStarted':
      return input.isNew ? ROOT : ofTurn(input, context);
    case 'provider.becameInactive':
      // side turns end by it whatever the active one makes of it
      return context.sideTurns.length > 0 ? ROOT : toTurn(input);
    case 'connection.adopted':
      return ROOT;
    case 'connection.idled':
      return { child: 'connection', event: input };
    default:
      return byKind(input, context);
  }
}

function byKind(input: ThreadInput, context: ThreadContext): Route {
  // a background task lives as long as its connection, at most
  if ('owner' in input) return { child: input.owner === 'turn' ? 'turn' : 'connection', event: input };
  if (input.type.startsWith('connection.')) return { child: 'connection', event: input };
  return TURN_INPUTS.has(input.type) ? ofTurn(input, context) : ROOT;
}

const TURN_INPUTS: ReadonlySet<string> = new Set([
  'provider.turnAccepted',
  'provider.turnRefused',
  'provider.turnEnded',
  'provider.turnAbsorbed',
  'provider.interruptRefused',
  'provider.steerAccepted',
  'provider.steerRefused',
  'provider.turnLookedUp',
  'turn.settled',
  'turn.startTimedOut',
  'turn.stalled',
  'interrupt.timedOut',
  'steer.timedOut',
  'settle.timedOut',
  'lookUp.timedOut',
]);

/** An input about another turn than the active one is the root's. */
function ofTurn(input: ThreadInput, context: ThreadContext): Route {
  const turnId = 'turnId' in input ? input.turnId : null;
  return turnId !== null && turnId === context.activeTurn?.turnId ? toTurn(input) : ROOT;
}

const toTurn = (event: ThreadInput | TurnSignal): Route => ({ child: 'turn', event });
