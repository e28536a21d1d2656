import { declineAnswer, declineEffect } from '../shared/decline.ts';
import type { ThreadPerformer } from '../shared/effects.ts';
import { closeConnection, killConnection } from '../shared/session-ends.ts';
import { openConnection } from './connections.ts';
import { lookUp } from './look-up.ts';
import type { Run } from './run.ts';
import { performTurn } from './turns.ts';

export const PERFORMER: ThreadPerformer<Run> = {
  open: openConnection,
  close: (run, { connectionId }) => closeConnection(run, connectionId),
  kill: (run, { connectionId }) => killConnection(run, connectionId),
  lookUp,
  // the SDK asks nobody
  answer: ({ host }, effect) => declineAnswer(host, effect),
  refuse: () => {},
  turn: (run, effect) => {
    const session = run.sessions.of(effect.connectionId);
    const isOpen = session !== null && session.phase !== 'opening';
    return isOpen ? performTurn(run, session, effect) : declineEffect(run.host, effect);
  },
};
