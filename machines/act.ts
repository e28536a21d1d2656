/** From pure functions to chart actions: what a move changes, says and asks for is data. */
import { enqueueActions, type EventObject, type MachineContext } from 'xstate';
import type { Effect } from './domain/effect.ts';
import type { Fact } from './domain/fact.ts';
import type { InstanceFact } from './domain/instance.ts';
import type { ConnectionSignal, TurnSignal } from './domain/signal.ts';
import type { ArmTimer, CancelTimer } from './domain/timer.ts';

/** The outcome of one move of a chart. Everything is taken from the context before the move. */
export interface Move<Context, Signal> {
  /** Changes of the context. */
  readonly set?: Partial<Context>;
  readonly facts?: readonly (Fact | InstanceFact)[];
  readonly effects?: readonly Effect[];
  readonly arm?: ArmTimer | readonly ArmTimer[];
  readonly cancel?: CancelTimer | readonly CancelTimer[];
  /** Told to the parent actor. */
  readonly signal?: Signal;
  /** Told to the child of that name. */
  readonly toTurn?: TurnSignal | readonly TurnSignal[];
  readonly toConnection?: ConnectionSignal;
}

/** Declares the four in a `setup`; the drivers provide what they do. */
export const DATA_ACTIONS = {
  fact: (_: unknown, _params: Fact | InstanceFact): void => {},
  effect: (_: unknown, _params: Effect): void => {},
  armTimer: (_: unknown, _params: ArmTimer): void => {},
  cancelTimer: (_: unknown, _params: CancelTimer): void => {},
};

/** The four data actions, provided by the drivers, and those that tell another actor. */
interface DataAction {
  readonly type: 'fact' | 'effect' | 'armTimer' | 'cancelTimer' | 'toParent' | 'toTurn' | 'toConnection';
}
type Enqueue = (action: DataAction & { readonly params: unknown }) => void;

/**
 * Makes `act` for one machine: `act((context, params) => move)` is a named action of its `setup`. It runs the
 * move's parts in the order of `Move`; the parts are the data actions `fact`, `effect`, `armTimer`, `cancelTimer`.
 */
export function actOf<Context extends MachineContext, Event extends EventObject, Signal = never>() {
  return <Params extends object | undefined = undefined>(
    move: (context: Context, params: Params) => Move<Context, Signal>,
  ) =>
    enqueueActions<Context, Event, Params, Event, never, never, never, never, EventObject>(
      ({ context, enqueue }, params) => {
        const {
          set,
          facts = [],
          effects = [],
          arm,
          cancel,
          signal,
          toTurn,
          toConnection,
        } = move(context, params);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `enqueue` knows the actions of the machine only inside of its chart
        const data = enqueue as unknown as Enqueue;
        if (set !== undefined) enqueue.assign(set);
        for (const params of facts) data({ type: 'fact', params });
        for (const params of effects) data({ type: 'effect', params });
        for (const params of listOf(cancel)) data({ type: 'cancelTimer', params });
        for (const params of listOf(arm)) data({ type: 'armTimer', params });
        if (signal !== undefined) data({ type: 'toParent', params: signal });
        for (const params of listOf(toTurn)) data({ type: 'toTurn', params });
        if (toConnection !== undefined) data({ type: 'toConnection', params: toConnection });
      },
    );
}

const listOf = <Value>(given: Value | readonly Value[] | undefined): readonly Value[] =>
  given === undefined ? [] : isList(given) ? given : [given];
const isList = <Value>(given: Value | readonly Value[]): given is readonly Value[] => Array.isArray(given);

/** Names a guard or action that takes the event as its params: `by('isMine')`. */
export const by = <Name extends string>(type: Name) => ({ type, params: payload });

const payload = <Event>({ event }: { event: Event }): Event => event;
