/** What goes on beside or after a turn of a thread, and how it is ended: commands, and sub-agents with theirs. */
import { z } from 'zod';
import { isClosed, isRefusal } from './failures.ts';
import { interruptTurn } from './requests.ts';
import type { Run } from './run.ts';
import type { AgentTurn } from './sessions.ts';

/** Ends the background commands of a thread, those of earlier turns too: codex 0.169.0 knows no other way. */
export async function endCommands(run: Run, threadId: string, timeoutMs: number): Promise<void> {
  const method = 'thread/backgroundTerminals/clean';
  await run.server.ask({ method, params: { threadId }, answer: z.unknown(), timeoutMs });
}

/** Sub-agents go on when their parent's turn is interrupted (codex 0.169.0). Never rejects. */
export async function endAgents(run: Run, agents: readonly AgentTurn[], timeoutMs: number): Promise<void> {
  await Promise.all(agents.map((agent) => endAgent(run, agent, timeoutMs)));
}

async function endAgent(run: Run, { nativeThreadId, turnId }: AgentTurn, timeoutMs: number): Promise<void> {
  const params = interruptTurn(nativeThreadId, turnId);
  try {
    await run.server
      .ask({ method: 'turn/interrupt', params, answer: z.unknown(), timeoutMs })
      .catch((error: unknown) => {
        // it has ended meanwhile
        if (!isRefusal(error)) throw error;
      });
    await endCommands(run, nativeThreadId, timeoutMs);
  } catch (error) {
    if (!isClosed(error)) {
      run.host.warn('a sub-agent could not be ended', { nativeThreadId, error: String(error) });
    }
  }
}
