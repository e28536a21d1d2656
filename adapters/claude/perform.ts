import type { ProviderEffect } from '../../machines/domain/effect.ts';
import { declineEffect } from '../shared/decline.ts';
import { answerRequest, refuseRequest } from './answers.ts';
import { closeConnection, killConnection, openConnection } from './connections.ts';
import { lookUp } from './look-up.ts';
import type { Run } from './run.ts';
import { performTurn } from './turns.ts';

/** An effect of a thread. */
export type ThreadEffect = Exclude<ProviderEffect, { type: 'process.start' | 'process.stop' }>;

export function performOn(run: Run, effect: ThreadEffect): Promise<void> | void {
  switch (effect.type) {
    case 'connection.open':
      return openConnection(run, effect);
    case 'connection.close':
      return closeConnection(run, effect.connectionId);
    case 'connection.kill':
      return killConnection(run, effect.connectionId);
    case 'turn.lookUp':
      return lookUp(run, effect);
    case 'request.answer':
      return answerRequest(run, effect);
    case 'request.refuse':
      return refuseRequest(run, effect);
    default: {
      const session = run.sessions.of(effect.connectionId);
      const isOpen = session !== null && session.phase !== 'opening';
      return isOpen ? performTurn(run, session, effect) : declineEffect(run.host, effect);
    }
  }
}
