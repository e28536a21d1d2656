/** What the thread of a sub-agent asks for. */
import { z } from 'zod';
import { failure } from '../../machines/domain/error.ts';
import { refusalOf } from '../shared/decline.ts';
import type { EffectOf, TurnEffect } from '../shared/effects.ts';
import { failureOfRequest, isClosed, isRefusal } from '../shared/request-failures.ts';
import type { Agent } from './agents.ts';
import type { Run } from './run.ts';
import type { Session } from './sessions.ts';

/** A sub-agent, with the session that it is a part of. */
export interface Found {
  readonly session: Session;
  readonly agent: Agent;
}

/** Shorter than the chart's own bound, so that the failure has a reason. */
const STOP_TIMEOUT_MS = 10_000;

export function performAgentTurn(run: Run, found: Found, effect: TurnEffect): Promise<void> | void {
  const { session, agent } = found;
  switch (effect.type) {
    case 'turn.interrupt':
      return interrupt(run, found, effect);
    case 'turn.settle':
      run.host.settled(agent.threadId, effect.turnId, effect.attempt);
      agent.settledTurnId = effect.nativeTurnId;
      return session.agents.removeOver();
    case 'turn.steer':
      return agent.report(refusalOf(effect, NO_STEER));
    default:
      return agent.report(refusalOf(effect, NO_PROMPT));
  }
}

const NO_STEER = failure('STEER_REFUSED', 'a sub-agent of claude takes messages only of its own agent', {
  class: 'provider',
});
const NO_PROMPT = failure('START_REFUSED', 'a sub-agent of claude takes no prompt', { class: 'provider' });

async function interrupt(run: Run, found: Found, effect: EffectOf<'turn.interrupt'>): Promise<void> {
  try {
    await stop(found);
  } catch (error) {
    if (isRefusal(error)) found.agent.report(refusalOf(effect, failureOfRequest('TURN_NOT_ACTIVE', error)));
    else if (!isClosed(error)) run.host.warn('claude did not answer as it should', { error: String(error) });
  }
}

/** Ends its task, as a person can in claude's own list of them. */
export async function stop({ session, agent }: Found): Promise<void> {
  agent.transcript.interrupted();
  const params = { task_id: agent.taskId };
  const timeoutMs = STOP_TIMEOUT_MS;
  await session.process.ask({ subtype: 'stop_task', params, answer: z.unknown(), timeoutMs });
}

/** What it still runs ends with its connection, and nothing of what began it. */
export async function closeAgent(_: Run, found: Found): Promise<void> {
  const { session, agent } = found;
  try {
    if (agent.isRunning) await stop(found);
    session.agents.remove(agent, null);
  } catch (error) {
    if (isClosed(error)) return;
    const { connectionId } = agent;
    agent.report({
      type: 'connection.closeFailed',
      connectionId,
      failure: failureOfRequest('CLOSE_FAILED', error),
    });
  }
}

export function killAgent(run: Run, found: Found): void {
  const { session, agent } = found;
  session.agents.remove(agent, null);
  if (!agent.isRunning) return;
  stop(found).catch((error: unknown) => {
    if (!isClosed(error)) run.host.warn('a sub-agent of claude could not be ended', { error: String(error) });
  });
}
