/** The actor snapshot as clients see it. */
import { statusOf } from '../../machines/charts.ts';
import { canOf } from '../../machines/domain/can.ts';
import type { MachineState } from '../../machines/domain/snapshot.ts';
import type { LoadedThread } from './loaded-thread.ts';

export function machineStateOf(thread: LoadedThread): MachineState {
  const { root, connection, turn } = thread.actor.charts;
  const { status, activeTurnId } = statusOf(root);
  const tags = [root, connection, turn].flatMap((chart) =>
    chart?.status === 'active' ? [...chart.tags] : [],
  );
  return {
    status,
    activeTurnId,
    value: root.value,
    tags: [...new Set(tags)].toSorted(),
    can: canOf(thread.view, thread.projection.requests.live()),
    children: {
      ...(connection === undefined ? {} : { connection: connection.value }),
      ...(turn === undefined ? {} : { turn: turn.value }),
    },
  };
}
