import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { claudeDriver } from '../../adapters/claude/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { ModelFailure } from '../contract/provider-world.ts';
import { drop, functionCall, httpError, type Step } from '../model-endpoint/step.ts';
import { makeClaudeHome, type ClaudeHomeOptions } from './claude-home.ts';
import { startScriptedModel, type ModelledWorld, type ToolAct } from './scripted-model.ts';

/** Commands are free, but for those that begin with the word that marks a question. */
const PERMISSIONS = { permissions: { allow: ['Bash'], ask: ['Bash(env:*)'] } };

/** The real claude with a scripted model. */
export async function makeClaudeWorld(
  binary: string,
  options: Omit<ClaudeHomeOptions, 'endpointUrl'> = {},
): Promise<ModelledWorld> {
  let workspace = '';
  const model = await startScriptedModel({
    useTool: (act) => useTool(act, workspace),
    failures: FAILURES,
    gist: ({ userText }) => (userText.includes('summary') ? '<summary>in short</summary>' : null),
  });
  const home = await makeClaudeHome({
    settings: PERMISSIONS,
    ...options,
    endpointUrl: model.endpoint.origin,
  });
  workspace = await realpath(home.workspace);
  return {
    ...model,
    driver: claudeDriver,
    processPer: 'connection',
    instance: {
      instanceId: instanceIdSchema.parse('claude'),
      driver: 'claude',
      command: binary,
      env: home.env,
    },
    workspace,
    planMark: /Plan mode is active/,
    // claude takes only those that it knows
    otherModel: 'haiku',
    close: async () => {
      await model.endpoint.close();
      await home.remove();
    },
  };
}

function useTool(act: ToolAct, workspace: string): Step {
  switch (act.do) {
    case 'run':
      // claude refuses commands that begin with a sleep
      return functionCall('Bash', {
        command: `${act.asks ? 'env' : 'true &&'} ${act.command}`,
        description: 'x',
      });
    case 'write':
      return functionCall('Write', { file_path: resolve(workspace, act.path), content: `${act.content}\n` });
    case 'ask':
      return functionCall('AskUserQuestion', { questions: [questionOf(act)] });
  }
}

const questionOf = ({ question, options }: Extract<ToolAct, { do: 'ask' }>) => ({
  header: 'Choice',
  question,
  multiSelect: false,
  options: options.map((label) => ({ label, description: `about ${label}` })),
});

const NO_CREDIT = {
  type: 'error',
  error: { type: 'invalid_request_error', message: 'Your credit balance is too low to access the API.' },
};

const FAILURES: Readonly<Record<ModelFailure, Step>> = {
  'server-error': httpError(500),
  unauthorized: httpError(401),
  'rate-limited': httpError(429),
  'no-quota': httpError(400, { body: NO_CREDIT }),
  dropped: drop(),
};
