import { realpath } from 'node:fs/promises';
import { codexDriver } from '../../adapters/codex/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { ModelFailure } from '../contract/provider-world.ts';
import { customToolCall, drop, functionCall, httpError, type Step } from '../model-endpoint/step.ts';
import { makeCodexHome, type CodexHomeOptions } from './codex-home.ts';
import { startScriptedModel, type ModelledWorld, type ToolAct } from './scripted-model.ts';

/** How long codex waits for a command before it lets the model go on without its end. */
const COMMAND_WAIT_MS = 20_000;

/** The real codex with a scripted model. */
export async function makeCodexWorld(
  binary: string,
  options: Omit<CodexHomeOptions, 'endpointUrl'> = {},
): Promise<ModelledWorld> {
  const model = await startScriptedModel({
    useTool,
    failures: FAILURES,
    promptIn,
    gist: ({ purpose }) => (purpose === 'compaction' ? 'a summary' : null),
  });
  const features = { default_mode_request_user_input: true, ...options.features };
  const home = await makeCodexHome({ ...options, features, endpointUrl: model.endpoint.url });
  return {
    ...model,
    driver: codexDriver,
    processPer: 'instance',
    instance: {
      instanceId: instanceIdSchema.parse('codex'),
      driver: 'codex',
      command: binary,
      env: home.env,
    },
    workspace: await realpath(home.workspace),
    planMark: /<collaboration_mode># Plan Mode/,
    close: async () => {
      await model.endpoint.close();
      await home.remove();
    },
  };
}

/** codex puts the text for an image between marks, beside the prompt. */
const promptIn = (userText: string): string => userText.replaceAll(/<\/?image[^>]*>/g, '').trim();

function useTool(act: ToolAct): Step {
  switch (act.do) {
    case 'run':
      return functionCall('exec_command', {
        cmd: act.command,
        yield_time_ms: COMMAND_WAIT_MS,
        ...(act.asks && { sandbox_permissions: 'require_escalated', justification: 'the test says so' }),
      });
    case 'write':
      return customToolCall('apply_patch', addFilePatch(act.path, act.content));
    case 'ask':
      return functionCall('request_user_input', { questions: [questionOf(act)] });
  }
}

const addFilePatch = (path: string, content: string): string =>
  [
    '*** Begin Patch',
    `*** Add File: ${path}`,
    ...content.split('\n').map((line) => `+${line}`),
    '*** End Patch',
  ].join('\n');

const questionOf = ({ question, options }: Extract<ToolAct, { do: 'ask' }>) => ({
  id: 'q1',
  header: 'Choice',
  question,
  options: options.map((label) => ({ label, description: `about ${label}` })),
});

const error = (code: string) => ({ body: { error: { message: `scripted ${code}`, type: code, code } } });

const FAILURES: Readonly<Record<ModelFailure, Step>> = {
  'server-error': httpError(500),
  unauthorized: httpError(401, error('invalid_api_key')),
  'rate-limited': httpError(429, error('rate_limit_exceeded')),
  'no-quota': httpError(429, error('insufficient_quota')),
  dropped: drop(),
};
