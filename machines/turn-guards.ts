/** What a turn asks before it moves. Pure; each guard takes the event as its params. */
import type { ConnectionEnd, TurnContext } from './domain/context.ts';
import type { RequestId, TurnId } from './domain/ids.ts';
import type { RequestDraft } from './domain/request.ts';
import { isAnswerable, isBeingAnswered, isKnown } from './request-moves.ts';

interface Of {
  readonly context: TurnContext;
}
interface Named {
  readonly turnId: TurnId | null;
  readonly attempt: number;
  readonly connectionId?: string;
}
interface Asked {
  readonly requestId: RequestId;
}

/** Of this turn, this attempt (where the sender knows it) and this connection. */
const isMine = ({ context }: Of, { turnId, attempt, connectionId }: Named): boolean =>
  turnId === context.turnId &&
  (attempt === 0 || attempt === context.attempt) &&
  (connectionId === undefined || connectionId === context.connectionId);

export const turnGuards = {
  isMine,
  isMySteer: (of: Of, named: Named & { readonly steerId: TurnId }) =>
    isMine(of, named) && named.steerId === of.context.sentSteer?.turnId,
  isMyRequest: (of: Of, named: Named & { readonly request: RequestDraft }) =>
    isMine(of, named) && !(named.request.requestId in of.context.requests),
  isMyFailure: (of: Of, named: Named & { readonly outcome: string }) =>
    isMine(of, named) && named.outcome === 'failed',
  /** The provider is told a second time, not a third. */
  isFirstRefusal: (of: Of, named: Named) => isMine(of, named) && (of.context.interrupt?.sends ?? 0) < 2,
  isAbsent: (of: Of, named: Named & { readonly found: string }) =>
    isMine(of, named) && named.found === 'absent',
  isOnMyConnection: ({ context }: Of, { connectionId }: { readonly connectionId: string }) =>
    connectionId === context.connectionId,
  /** Nothing runs any more, and nothing is wrong. */
  isMyPause: (
    { context }: Of,
    { connectionId, state }: { readonly connectionId: string; readonly state: string },
  ) => connectionId === context.connectionId && (state === 'ready' || state === 'interrupted'),
  /** The server has restarted, and a prompt may be on its way: the provider can be asked, or it goes back. */
  isRestart: ({ context }: Of, { how }: ConnectionEnd) => how === 'restarted' && context.prompt !== null,
  isKnown: ({ context }: Of, asked: Asked) => isKnown(context.requests, asked),
  isAnswerable: ({ context }: Of, asked: Asked) => isAnswerable(context.requests, asked),
  isBeingAnswered: ({ context }: Of, asked: Asked) => isBeingAnswered(context.requests, asked),
  isOfProvider: ({ context }: Of) => context.origin === 'provider',
  isOnline: ({ context }: Of) => context.connectionId !== null,
  hasNoRequests: ({ context }: Of) => Object.keys(context.requests).length === 0,
  canSteer: ({ context }: Of) => context.steers.length > 0 && context.nativeSteer,
  hasSteers: ({ context }: Of) => context.steers.length > 0,
  hasNoSentSteer: ({ context }: Of) => context.sentSteer === null,
};
