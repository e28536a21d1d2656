import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { opencodeDriver } from '../../adapters/opencode/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { ModelFailure } from '../contract/provider-world.ts';
import { drop, httpError, type Step } from '../model-endpoint/step.ts';
import { askUser, bash, writeFile } from '../model-endpoint/opencode-tools.ts';
import { makeOpencodeHome, type OpencodeHomeOptions } from './opencode-home.ts';
import { startScriptedModel, type ModelledWorld, type ToolAct } from './scripted-model.ts';

/** The real opencode with a scripted model. */
export async function makeOpencodeWorld(
  binary: string,
  options: Omit<OpencodeHomeOptions, 'endpointUrl'> = {},
): Promise<ModelledWorld> {
  let workspace = '';
  const model = await startScriptedModel({
    useTool: (act) => useTool(act, workspace),
    failures: FAILURES,
    promptIn: (userText) => userText.trim(),
    gist: ({ purpose }) => (purpose === 'compaction' ? 'the gist' : null),
  });
  const home = await makeOpencodeHome({ ...options, endpointUrl: model.endpoint.url });
  workspace = await realpath(home.workspace);
  return {
    ...model,
    driver: opencodeDriver,
    processPer: 'instance',
    runtimeMode: 'auto',
    planMark: /Plan Mode - System Reminder/,
    instance: {
      instanceId: instanceIdSchema.parse('opencode'),
      driver: 'opencode',
      command: binary,
      env: home.env,
    },
    workspace,
    close: async () => {
      await model.endpoint.close();
      await home.remove();
    },
  };
}

function useTool(act: ToolAct, workspace: string): Step {
  switch (act.do) {
    case 'run':
      // a command that works elsewhere is asked about
      return bash(act.command, act.asks === true ? { workdir: '/' } : {});
    case 'write':
      return writeFile(resolve(workspace, act.path), `${act.content}\n`);
    case 'ask':
      return askUser(act.question, act.options);
  }
}

/** opencode 1.18.33 tries five times more; it waits as long as it is told to. */
const AT_ONCE = { headers: { 'retry-after-ms': '10' } };
const error = (code: string) => ({ body: { error: { message: `scripted ${code}`, type: code, code } } });

const FAILURES: Readonly<Record<ModelFailure, Step>> = {
  'server-error': httpError(500, AT_ONCE),
  unauthorized: httpError(401, error('invalid_api_key')),
  'rate-limited': httpError(429, { ...AT_ONCE, ...error('rate_limit_exceeded') }),
  'no-quota': httpError(429, { ...AT_ONCE, ...error('insufficient_quota') }),
  dropped: drop(),
};
