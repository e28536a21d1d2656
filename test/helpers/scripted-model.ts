/** The model of an agent, which does for each prompt what it was told to. */
import type { Act, ModelFailure, ProviderWorld, Replies } from '../contract/provider-world.ts';
import type { ParsedRequest } from '../model-endpoint/parse-request.ts';
import { startModelEndpoint, type ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { gate, hang, reasoning, text, type Step } from '../model-endpoint/step.ts';

/** What goes by a tool of the agent, and so has a form of its own for each. */
export type ToolAct = Extract<Act, { readonly do: 'run' | 'write' | 'ask' }>;

/** What sets the models of agents apart. */
export interface ModelOfAgent {
  readonly useTool: (act: ToolAct) => Step;
  readonly failures: Readonly<Record<ModelFailure, Step>>;
  /** The prompt in what the agent says the user wrote; default: all of it. */
  readonly promptIn?: (userText: string) => string;
  /** The gist of a conversation when that is what is asked for, `null` when it is not; default: it never is. */
  readonly gist?: (request: ParsedRequest) => string | null;
}

/** A world with a look at what its model was asked. */
export interface ModelledWorld extends ProviderWorld {
  readonly endpoint: ModelEndpoint;
}

export type ScriptedModel = Pick<ModelledWorld, 'endpoint' | 'script' | 'gate' | 'shown'>;

export async function startScriptedModel(agent: ModelOfAgent): Promise<ScriptedModel> {
  const { promptIn = (userText) => userText } = agent;
  const script = new PromptScript();
  const endpoint = await startModelEndpoint((request) => {
    const gist = agent.gist?.(request) ?? null;
    if (gist !== null) return [text(gist)];
    return script.next(request.threadId, promptIn(request.userText)).map((act) => stepOf(act, agent));
  });
  return {
    endpoint,
    script: (prompt, replies) => script.set(prompt, replies),
    gate: (name) => endpoint.gate(name),
    shown: (prompt) =>
      JSON.stringify(
        endpoint.requests.findLast(({ userText }) => promptIn(userText) === prompt)?.input ?? null,
      ),
  };
}

/** Replies by prompt, counted per conversation and prompt. */
class PromptScript {
  readonly #replies = new Map<string, Replies>();
  readonly #counts = new Map<string, number>();

  set(prompt: string, replies: Replies): void {
    this.#replies.set(prompt, replies);
  }

  next(threadId: string, prompt: string): readonly Act[] {
    const replies = this.#replies.get(prompt);
    if (replies === undefined) throw new Error(`no script for ${JSON.stringify(prompt)}`);
    const key = `${threadId}\n${prompt}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return replies[count] ?? replies.at(-1) ?? [];
  }
}

function stepOf(act: Act, { useTool, failures }: ModelOfAgent): Step {
  switch (act.do) {
    case 'say':
      return text(act.text, act.chunkLength === undefined ? {} : { chunkLength: act.chunkLength });
    case 'think':
      return reasoning(act.text);
    case 'run':
    case 'write':
    case 'ask':
      return useTool(act);
    case 'wait':
      return gate(act.gate);
    case 'fail':
      return failures[act.how];
    case 'hang':
      return hang();
  }
}
