import type { ConnectionId } from '../../machines/domain/ids.ts';
import { declineAnswer, declineEffect } from '../shared/decline.ts';
import type { ThreadPerformer } from '../shared/effects.ts';
import { closeConnection, killConnection } from '../shared/session-ends.ts';
import { openConnection } from './connections.ts';
import { lookUp } from './look-up.ts';
import type { Run } from './run.ts';
import { performTurn } from './turns.ts';

export const PERFORMER: ThreadPerformer<Run> = {
  open: openConnection,
  close: (run, { connectionId }) =>
    leave(run, connectionId) ? undefined : closeConnection(run, connectionId),
  kill: (run, { connectionId }) => (leave(run, connectionId) ? undefined : killConnection(run, connectionId)),
  lookUp,
  // the SDK asks nobody
  answer: ({ host }, effect) => declineAnswer(host, effect),
  refuse: () => {},
  turn: (run, effect) => {
    const session = run.sessions.of(effect.connectionId);
    const isOpen = session !== null && session.phase !== 'opening';
    if (isOpen) return performTurn(run, session, effect);
    declineEffect(run.host, effect);
    // a sub-agent that has seen to the end of its turn is over
    if (effect.type === 'turn.settle') leave(run, effect.connectionId);
  },
};

/** The thread of a sub-agent has no connection any more; the SDK cannot end it alone. `false`: it is none. */
function leave({ sessions }: Run, connectionId: ConnectionId): boolean {
  const session = sessions.all.find(({ children }) => children.on(connectionId) !== null);
  const child = session?.children.on(connectionId) ?? null;
  if (session === undefined || child === null) return false;
  session.children.leave(child, null);
  session.reportAll();
  return true;
}
