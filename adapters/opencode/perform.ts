import { declineEffect } from '../shared/decline.ts';
import type { ThreadPerformer } from '../shared/effects.ts';
import { answerRequest, refuseRequest } from './answers.ts';
import { closeConnection, killConnection, openConnection } from './connections.ts';
import { lookUp } from './look-up.ts';
import type { Run } from './run.ts';
import { performTurn } from './turns.ts';

export const PERFORMER: ThreadPerformer<Run> = {
  open: openConnection,
  close: (run, { connectionId }) => closeConnection(run, connectionId),
  kill: (run, { connectionId }) => killConnection(run, connectionId),
  lookUp,
  answer: answerRequest,
  refuse: refuseRequest,
  turn: (run, effect) => {
    const session = run.sessions.of(effect.connectionId);
    return session === null ? declineEffect(run.host, effect) : performTurn(run, session, effect);
  },
};
