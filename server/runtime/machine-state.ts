/** The actor snapshot as clients see it. */
import { statusOf, threadContextOf, type Charts } from '../../machines/charts.ts';
import { canOf, type OpenRequest } from '../../machines/domain/can.ts';
import type { Refusal } from '../../machines/domain/decide.ts';
import type { Deadline, MachineState } from '../../machines/domain/snapshot.ts';
import type { ArmedTimers } from '../../machines/domain/timer.ts';
import type { LoadedThread } from './loaded-thread.ts';

/** A thread at some moment, as much of it as its state is told from. */
export interface MachineMoment {
  readonly charts: Charts;
  readonly timers: ArmedTimers;
  /** Those that are not closed. */
  readonly requests: readonly OpenRequest[];
  readonly completedTurnOrdinal: number | null;
  /** Of the newest turn that is not rolled back; `null`: not known. */
  readonly turnOrdinal: number | null;
}

/** `instance`: why nothing can begin on the thread's; `null`: it can. */
export function machineStateOf({ actor, timers, projection }: LoadedThread, instance: Refusal | null) {
  const { completedTurnOrdinal = null, turnOrdinal = null } = projection.state ?? {};
  const requests = projection.requests.live();
  return machineStateAt(
    { charts: actor.charts, timers, requests, completedTurnOrdinal, turnOrdinal },
    instance,
  );
}

export function machineStateAt(moment: MachineMoment, instance: Refusal | null): MachineState {
  const { charts, timers, requests, completedTurnOrdinal, turnOrdinal } = moment;
  const { root, connection, turn } = charts;
  const { status, activeTurnId } = statusOf(root);
  const context = threadContextOf(root);
  const tags = [root, connection, turn].flatMap((chart) =>
    chart?.status === 'active' ? [...chart.tags] : [],
  );
  return {
    status,
    activeTurnId,
    value: root.value,
    tags: [...new Set(tags)].toSorted(),
    can: canOf({ ...charts, context }, requests, { instance, completedTurnOrdinal, turnOrdinal }),
    children: {
      ...(connection === undefined ? {} : { connection: connection.value }),
      ...(turn === undefined ? {} : { turn: turn.value }),
    },
    timers: deadlinesOf(timers),
    ...(instance !== null && { barred: { code: instance.code, reason: instance.why } }),
    closing: context.link.phase === 'none' ? null : context.link.closing,
  };
}

const deadlinesOf = (timers: ArmedTimers): Deadline[] =>
  Object.values(timers)
    .map(({ name, owner, afterMs, dueAt, idle }) => ({ name, owner, armedAt: dueAt - afterMs, dueAt, idle }))
    .toSorted((one, other) => one.dueAt - other.dueAt);
