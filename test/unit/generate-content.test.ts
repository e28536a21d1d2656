import { describe, expect, it } from 'vitest';
import { openEndpoint } from '../helpers/open-endpoint.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { event, functionCall, httpError, reasoning, text, usage } from '../model-endpoint/step.ts';

const post = (endpoint: ModelEndpoint, body: object): Promise<Response> =>
  fetch(`${endpoint.origin}/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse`, {
    method: 'POST',
    body: JSON.stringify(body),
  });

const user = (...parts: readonly object[]) => ({ role: 'user', parts });
const tools = [{ functionDeclarations: [{ name: 'run_shell_command' }] }];

interface Chunk {
  readonly candidates: readonly {
    readonly content: { readonly parts: object[] };
    readonly finishReason?: string;
  }[];
  readonly usageMetadata?: object;
}

async function chunksOf(endpoint: ModelEndpoint): Promise<Chunk[]> {
  const response = await post(endpoint, { contents: [user({ text: 'hello' })], tools });
  const blocks = (await response.text()).split('\n\n').filter((block) => block !== '');
  return blocks.map((block): Chunk => JSON.parse(block.replace(/^data: /, '')));
}

describe("Gemini's streamGenerateContent", () => {
  it('streams thoughts, text, calls, the reason of the end and the usage', async () => {
    const endpoint = await openEndpoint(() => [
      reasoning('hm'),
      text('Hello', { chunkLength: 3 }),
      functionCall('run_shell_command', { command: 'x' }, { callId: 'c1' }),
      usage({ inputTokens: 7, outputTokens: 2 }),
    ]);
    const chunks = await chunksOf(endpoint);
    expect(chunks.flatMap(({ candidates }) => candidates.flatMap(({ content }) => content.parts))).toEqual([
      { text: '' },
      { text: 'hm', thought: true },
      { text: 'Hel' },
      { text: 'lo' },
      { functionCall: { id: 'c1', name: 'run_shell_command', args: { command: 'x' } } },
    ]);
    expect(chunks.at(-1)).toMatchObject({
      candidates: [{ finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 7, totalTokenCount: 9 },
    });
    expect(endpoint.requests).toMatchObject([{ purpose: 'turn', userText: 'hello' }]);
  });

  it('ends for the reason that the script gives', async () => {
    const endpoint = await openEndpoint(() => [text('Hel'), event({ type: 'finish', reason: 'MAX_TOKENS' })]);
    expect((await chunksOf(endpoint)).at(-1)?.candidates[0]?.finishReason).toBe('MAX_TOKENS');
  });

  it('finds what the user wrote and the results of tools', async () => {
    const endpoint = await openEndpoint(() => [text('ok')]);
    const context = user({ text: '<session_context>\nToday\n</session_context>' });
    const called = { functionResponse: { id: 'c1', name: 'f', response: { output: 'out' } } };
    await (
      await post(endpoint, { contents: [context, user({ text: 'hello' }), user(called)], tools })
    ).text();
    expect(endpoint.requests).toMatchObject([
      { userText: 'hello', turnToolOutputs: [{ callId: 'c1', output: '{"output":"out"}' }] },
    ]);
  });

  it('refuses with an error in the form of the API', async () => {
    const endpoint = await openEndpoint(() => [httpError(429)]);
    const refused = await post(endpoint, { contents: [], tools });
    expect([refused.status, await refused.json()]).toMatchObject([
      429,
      { error: { code: 429, status: 'RESOURCE_EXHAUSTED' } },
    ]);
  });
});
