/** What a turn starts from and what it leaves to its thread. */
import type { ActiveTurn, TurnContext, TurnOutput } from './domain/context.ts';
import { failure } from './domain/error.ts';
import type { Online } from './domain/signal.ts';
import { failedEnd } from './turn-ends.ts';

export interface TurnInput
  extends Omit<ActiveTurn, 'deliveryMode'>, Pick<TurnContext, 'threadId' | 'instanceId' | 'settings'> {
  /** `null`: the connection is not open yet. */
  readonly online: Online | null;
}

export const contextOf = ({ online, ...input }: TurnInput): TurnContext => ({
  connectionId: null,
  nativeThreadId: null,
  nativeSteer: false,
  transfers: [],
  ...online,
  ...input,
  attempt: 1,
  started: false,
  interrupt: null,
  steers: [],
  sentSteer: null,
  undelivered: [],
  requests: {},
  end: null,
  suspect: false,
});

export const outputOf = (context: TurnContext): TurnOutput => ({
  turnId: context.turnId,
  attempt: context.attempt,
  started: context.started,
  asked: context.interrupt?.reason ?? null,
  suspect: context.suspect,
  end: context.end ?? failedEnd(failure('INTERNAL', 'the turn ended without a reason')),
  undelivered: [...context.undelivered, ...context.steers],
});
