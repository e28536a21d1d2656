import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { claudeDriver } from '../../adapters/claude/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { Act, ModelFailure, ProviderWorld, Replies } from '../contract/provider-world.ts';
import type { ParsedRequest } from '../model-endpoint/parse-request.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import {
  drop,
  functionCall,
  gate,
  hang,
  httpError,
  reasoning,
  text,
  type Step,
} from '../model-endpoint/step.ts';
import { makeClaudeHome, type ClaudeHomeOptions } from './claude-home.ts';

/** With a look at what the model was asked. */
export interface ClaudeWorld extends ProviderWorld {
  readonly endpoint: ModelEndpoint;
}

/** Commands are free, but for those that begin with the word that marks a question. */
const PERMISSIONS = { permissions: { allow: ['Bash'], ask: ['Bash(env:*)'] } };

/** The real claude with a scripted model. */
export async function makeClaudeWorld(
  binary: string,
  options: Omit<ClaudeHomeOptions, 'endpointUrl'> = {},
): Promise<ClaudeWorld> {
  const script = new ClaudeScript();
  const endpoint = await startModelEndpoint((request) => script.reply(request));
  const home = await makeClaudeHome({ settings: PERMISSIONS, ...options, endpointUrl: endpoint.origin });
  const workspace = await realpath(home.workspace);
  script.workspace = workspace;
  return {
    endpoint,
    driver: claudeDriver,
    processPer: 'connection',
    instance: {
      instanceId: instanceIdSchema.parse('claude'),
      driver: 'claude',
      command: binary,
      env: home.env,
    },
    workspace,
    script: (prompt, replies) => script.set(prompt, replies),
    gate: (name) => endpoint.gate(name),
    shown: (prompt) =>
      JSON.stringify(endpoint.requests.findLast(({ userText }) => userText === prompt)?.input ?? null),
    planMark: /Plan mode is active/,
    // claude takes only those that it knows
    otherModel: 'haiku',
    close: async () => {
      await endpoint.close();
      await home.remove();
    },
  };
}

/** Replies by prompt, counted per session and prompt. */
class ClaudeScript {
  workspace = '';
  readonly #replies = new Map<string, Replies>();
  readonly #counts = new Map<string, number>();

  set(prompt: string, replies: Replies): void {
    this.#replies.set(prompt, replies);
  }

  reply({ userText, threadId }: ParsedRequest): readonly Step[] {
    const replies = this.#replies.get(userText);
    if (replies === undefined && userText.includes('summary')) return [text('<summary>in short</summary>')];
    if (replies === undefined) throw new Error(`no script for ${JSON.stringify(userText)}`);
    const key = `${threadId}\n${userText}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return (replies[count] ?? replies.at(-1) ?? []).map((act) => this.#stepOf(act));
  }

  #stepOf(act: Act): Step {
    switch (act.do) {
      case 'say':
        return text(act.text, act.chunkLength === undefined ? {} : { chunkLength: act.chunkLength });
      case 'think':
        return reasoning(act.text);
      case 'run':
        // claude refuses commands that begin with a sleep
        return functionCall('Bash', {
          command: `${act.asks ? 'env' : 'true &&'} ${act.command}`,
          description: 'x',
        });
      case 'write': {
        const path = resolve(this.workspace, act.path);
        return functionCall('Write', { file_path: path, content: `${act.content}\n` });
      }
      case 'ask':
        return functionCall('AskUserQuestion', { questions: [questionOf(act)] });
      case 'wait':
        return gate(act.gate);
      case 'fail':
        return FAILURES[act.how];
      case 'hang':
        return hang();
    }
  }
}

const questionOf = ({ question, options }: Extract<Act, { do: 'ask' }>) => ({
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
