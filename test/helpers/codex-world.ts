import { realpath } from 'node:fs/promises';
import { codexDriver } from '../../adapters/codex/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { Act, ModelFailure, ProviderWorld, Replies } from '../contract/provider-world.ts';
import type { ParsedRequest } from '../model-endpoint/parse-request.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import {
  customToolCall,
  drop,
  functionCall,
  gate,
  hang,
  httpError,
  reasoning,
  text,
  type Step,
} from '../model-endpoint/step.ts';
import { makeCodexHome, type CodexHomeOptions } from './codex-home.ts';

/** How long codex waits for a command before it lets the model go on without its end. */
const COMMAND_WAIT_MS = 20_000;

/** With a look at what the model was asked. */
export interface CodexWorld extends ProviderWorld {
  readonly endpoint: ModelEndpoint;
}

/** The real codex with a scripted model. */
export async function makeCodexWorld(
  binary: string,
  options: Omit<CodexHomeOptions, 'endpointUrl'> = {},
): Promise<CodexWorld> {
  const script = new CodexScript();
  const endpoint = await startModelEndpoint((request) => script.reply(request));
  const features = { default_mode_request_user_input: true, ...options.features };
  const home = await makeCodexHome({ ...options, features, endpointUrl: endpoint.url });
  return {
    endpoint,
    driver: codexDriver,
    processPer: 'instance',
    instance: {
      instanceId: instanceIdSchema.parse('codex'),
      driver: 'codex',
      command: binary,
      env: home.env,
    },
    workspace: await realpath(home.workspace),
    script: (prompt, replies) => script.set(prompt, replies),
    gate: (name) => endpoint.gate(name),
    shown: (prompt) =>
      JSON.stringify(
        endpoint.requests.findLast(({ userText }) => promptIn(userText) === prompt)?.input ?? null,
      ),
    planMark: /<collaboration_mode># Plan Mode/,
    close: async () => {
      await endpoint.close();
      await home.remove();
    },
  };
}

/** codex puts the text for an image between marks, beside the prompt. */
const promptIn = (userText: string): string => userText.replaceAll(/<\/?image[^>]*>/g, '').trim();

/** Replies by prompt, counted per thread and prompt. */
class CodexScript {
  readonly #replies = new Map<string, Replies>();
  readonly #counts = new Map<string, number>();

  set(prompt: string, replies: Replies): void {
    this.#replies.set(prompt, replies);
  }

  reply({ userText, threadId, purpose }: ParsedRequest): readonly Step[] {
    if (purpose === 'compaction') return [text('a summary')];
    const prompt = promptIn(userText);
    const replies = this.#replies.get(prompt);
    if (replies === undefined) throw new Error(`no script for ${JSON.stringify(prompt)}`);
    const key = `${threadId}\n${prompt}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return (replies[count] ?? replies.at(-1) ?? []).map(stepOf);
  }
}

function stepOf(act: Act): Step {
  switch (act.do) {
    case 'say':
      return text(act.text, act.chunkLength === undefined ? {} : { chunkLength: act.chunkLength });
    case 'think':
      return reasoning(act.text);
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
    case 'wait':
      return gate(act.gate);
    case 'fail':
      return FAILURES[act.how];
    case 'hang':
      return hang();
  }
}

const addFilePatch = (path: string, content: string): string =>
  [
    '*** Begin Patch',
    `*** Add File: ${path}`,
    ...content.split('\n').map((line) => `+${line}`),
    '*** End Patch',
  ].join('\n');

const questionOf = ({ question, options }: Extract<Act, { do: 'ask' }>) => ({
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
