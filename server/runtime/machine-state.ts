/** The actor snapshot as clients see it. */
import { statusOf } from '../../machines/charts.ts';
import { canOf } from '../../machines/domain/can.ts';
import type { Refusal } from '../../machines/domain/decide.ts';
import type { Deadline, MachineState } from '../../machines/domain/snapshot.ts';
import type { ArmedTimers } from '../../machines/domain/timer.ts';
import type { LoadedThread } from './loaded-thread.ts';

/** `instance`: why nothing can begin on the thread's; `null`: it can. */
export function machineStateOf(thread: LoadedThread, instance: Refusal | null): MachineState {
  const { root, connection, turn } = thread.actor.charts;
  const { status, activeTurnId } = statusOf(root);
  const { link } = thread.context;
  const { projection } = thread;
  const tags = [root, connection, turn].flatMap((chart) =>
    chart?.status === 'active' ? [...chart.tags] : [],
  );
  return {
    status,
    activeTurnId,
    value: root.value,
    tags: [...new Set(tags)].toSorted(),
    can: canOf(thread.view, projection.requests.live(), {
      instance,
      completedTurnOrdinal: projection.state?.completedTurnOrdinal ?? null,
      turnOrdinal: projection.state?.turnOrdinal ?? null,
    }),
    children: {
      ...(connection === undefined ? {} : { connection: connection.value }),
      ...(turn === undefined ? {} : { turn: turn.value }),
    },
    timers: deadlinesOf(thread.timers),
    ...(instance !== null && { barred: { code: instance.code, reason: instance.why } }),
    closing: link.phase === 'none' ? null : link.closing,
  };
}

const deadlinesOf = (timers: ArmedTimers): Deadline[] =>
  Object.values(timers)
    .map(({ name, owner, afterMs, dueAt, idle }) => ({ name, owner, armedAt: dueAt - afterMs, dueAt, idle }))
    .toSorted((one, other) => one.dueAt - other.dueAt);
