/** A real agent delegates to another real agent with the tools that it was given. The model says which tools it calls. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claudeBinary, codexBinary, requireAgent } from '../agents/agents.ts';
import { makeClaudeHome } from '../helpers/claude-home.ts';
import { makeCodexHome } from '../helpers/codex-home.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { functionCall, text, type Step } from '../model-endpoint/step.ts';

const LIMITS = { timeout: 240_000 };
type Agent = 'codex' | 'claude';

const toolOf = (agent: Agent, name: string, given: object): Step =>
  agent === 'codex'
    ? functionCall(name, given, { namespace: 'mcp__threadchart' })
    : functionCall(`mcp__threadchart__${name}`, given);

/** The task's id, from what the tool has answered. */
const taskIn = (outputs: readonly unknown[]): string =>
  /taskId\W+(\w+)/.exec(JSON.stringify(outputs))?.[1] ?? 'none';

/** The prompt `go` delegates `look` to the other agent; `read` waits for what it says. */
function scriptOf(agent: Agent, other: Agent): Script {
  const delegate = toolOf(agent, 'delegate', { task: 'look', instanceId: other, clientRequestId: 'r1' });
  return byUserText(
    {
      go: ({ turnToolOutputs: { length } }) => (length === 0 ? [delegate] : [text('handed over')]),
      read: ({ turnToolOutputs: outputs }) => {
        if (outputs.length === 0) return [delegate];
        if (outputs.length === 1) return [toolOf(agent, 'wait', { taskIds: [taskIn(outputs)] })];
        return [text(`read ${JSON.stringify(outputs.at(-1)).includes('seen it')}`)];
      },
      look: () => [text('seen it')],
    },
    ({ userText }) => [text(userText.includes('seen it') ? 'good to know' : 'what is that')],
  );
}

/** Both agents beside each other. */
async function startBoth(agent: Agent, other: Agent): Promise<LiveServer> {
  const instances = [agent, other].map((each) => ({ instanceId: each, driver: each }));
  const homes = await Promise.all([makeHomes]);
  expect([instances.length, homes.length]).toEqual([2, 1]);
  return startLiveServer(scriptOf(agent, other));
}
