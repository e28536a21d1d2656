import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { opencodeDriver } from '../../adapters/opencode/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { Act, ModelFailure, ProviderWorld, Replies } from '../contract/provider-world.ts';
import type { ParsedRequest } from '../model-endpoint/parse-request.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { drop, gate, hang, httpError, reasoning, text, type Step } from '../model-endpoint/step.ts';
import { askUser, bash, writeFile } from '../model-endpoint/opencode-tools.ts';
import { makeOpencodeHome, type OpencodeHomeOptions } from './opencode-home.ts';

/** With a look at what the model was asked. */
export interface OpencodeWorld extends ProviderWorld {
  readonly endpoint: ModelEndpoint;
}

/** The real opencode with a scripted model. */
export async function makeOpencodeWorld(
  binary: string,
  options: Omit<OpencodeHomeOptions, 'endpointUrl'> = {},
): Promise<OpencodeWorld> {
  const replies = new Map<string, Replies>();
  const counts = new Map<string, number>();
  let workspace = '';
  const reply = ({ userText, threadId, purpose }: ParsedRequest): readonly Step[] => {
    if (purpose === 'compaction') return [text('the gist')];
    const prompt = userText.trim();
    const known = replies.get(prompt);
    if (known === undefined) throw new Error(`no script for ${JSON.stringify(prompt)}`);
    const key = `${threadId}\n${prompt}`;
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return (known[count] ?? known.at(-1) ?? []).map((act) => stepOf(act, workspace));
  };
  const endpoint = await startModelEndpoint(reply);
  const home = await makeOpencodeHome({ ...options, endpointUrl: endpoint.url });
  workspace = await realpath(home.workspace);
  return {
    endpoint,
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
    script: (prompt, given) => void replies.set(prompt, given),
    gate: (name) => endpoint.gate(name),
    shown: (prompt) =>
      JSON.stringify(endpoint.requests.findLast(({ userText }) => userText.trim() === prompt)?.input ?? null),
    close: async () => {
      await endpoint.close();
      await home.remove();
    },
  };
}

function stepOf(act: Act, workspace: string): Step {
  switch (act.do) {
    case 'say':
      return text(act.text, act.chunkLength === undefined ? {} : { chunkLength: act.chunkLength });
    case 'think':
      return reasoning(act.text);
    case 'run':
      // a command that works elsewhere is asked about
      return bash(act.command, act.asks === true ? { workdir: '/' } : {});
    case 'write':
      return writeFile(resolve(workspace, act.path), `${act.content}\n`);
    case 'ask':
      return askUser(act.question, act.options);
    case 'wait':
      return gate(act.gate);
    case 'fail':
      return FAILURES[act.how];
    case 'hang':
      return hang();
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
