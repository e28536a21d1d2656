import { declineEffect } from '../shared/decline.ts';
import type { ThreadPerformer } from '../shared/effects.ts';
import { closeConnection, killConnection } from '../shared/session-ends.ts';
import { closeAgent, killAgent, performAgentTurn } from './agent-turns.ts';
import { answerRequest, refuseRequest } from './answers.ts';
import { openConnection } from './connections.ts';
import { lookUp } from './look-up.ts';
import type { Run } from './run.ts';
import { performTurn } from './turns.ts';

export const PERFORMER: ThreadPerformer<Run> = {
  open: openConnection,
  close: (run, { connectionId }) => {
    const agent = run.agentOn(connectionId);
    return agent === null ? closeConnection(run, connectionId) : closeAgent(run, agent);
  },
  kill: (run, { connectionId }) => {
    const agent = run.agentOn(connectionId);
    return agent === null ? killConnection(run, connectionId) : killAgent(run, agent);
  },
  lookUp,
  answer: answerRequest,
  refuse: refuseRequest,
  turn: (run, effect) => {
    const agent = run.agentOn(effect.connectionId);
    if (agent !== null) return performAgentTurn(run, agent, effect);
    const session = run.sessions.of(effect.connectionId);
    const isOpen = session !== null && session.phase !== 'opening';
    return isOpen ? performTurn(run, session, effect) : declineEffect(run.host, effect);
  },
};
