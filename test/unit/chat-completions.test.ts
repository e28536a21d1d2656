import { describe, expect, it } from 'vitest';
import { openEndpoint } from '../helpers/open-endpoint.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { event, functionCall, httpError, reasoning, text, usage } from '../model-endpoint/step.ts';

describe('the Chat Completions API', () => {
  const tools = [{ type: 'function', function: { name: 'bash' } }];
  const post = async (endpoint: ModelEndpoint, body: object): Promise<Response> =>
    fetch(`${endpoint.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', stream: true, ...body }),
      headers: { 'x-session-affinity': 's' },
    });

  interface Chunk {
    readonly choices: readonly { readonly delta: object; readonly finish_reason: string | null }[];
    readonly usage?: object;
  }

  async function chunksOf(endpoint: ModelEndpoint): Promise<Chunk[]> {
    const response = await post(endpoint, { messages: [{ role: 'user', content: 'hello' }], tools });
    const stream = await response.text();
    expect(stream.endsWith('data: [DONE]\n\n')).toBe(true);
    return stream
      .split('\n\n')
      .filter((block) => block.startsWith('data: {'))
      .map((block): Chunk => JSON.parse(block.slice('data: '.length)));
  }

  it('streams chunks with reasoning, text, calls, the reason of the end and the usage', async () => {
    const endpoint = await openEndpoint(() => [
      reasoning('hm'),
      text('Hello', { chunkLength: 3 }),
      functionCall('bash', { command: 'x' }, { callId: 'c1' }),
      usage({ inputTokens: 7, outputTokens: 2 }),
    ]);
    const chunks = await chunksOf(endpoint);
    expect(chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta))).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'hm' },
      { content: 'Hel' },
      { content: 'lo' },
      {
        tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'bash', arguments: '' } }],
      },
      { tool_calls: [{ index: 0, function: { arguments: '{"command":"x"}' } }] },
      {},
    ]);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('tool_calls');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 7, total_tokens: 9 } });
    expect(endpoint.requests).toMatchObject([{ threadId: 's', purpose: 'turn', userText: 'hello' }]);
  });

  it('ends for the reason that the script gives', async () => {
    const endpoint = await openEndpoint(() => [text('Hel'), event({ type: 'finish', reason: 'length' })]);
    const reasons = (await chunksOf(endpoint)).flatMap(({ choices }) =>
      choices.map(({ finish_reason: reason }) => reason),
    );
    expect(reasons).toEqual([null, null, 'length']);
  });

  it('finds what the user wrote, the results of tools, and what a request is for', async () => {
    const endpoint = await openEndpoint(() => [text('ok')]);
    const user = { role: 'user', content: [{ type: 'text', text: 'hello' }] };
    const called = { role: 'tool', tool_call_id: 'c1', content: 'out' };
    const system = { role: 'system', content: 'You are a title generator. You output' };
    await (await post(endpoint, { messages: [user, called], tools })).text();
    await (await post(endpoint, { messages: [system, user] })).text();
    expect(endpoint.requests).toMatchObject([
      { userText: 'hello', purpose: 'turn', turnToolOutputs: [{ callId: 'c1', output: 'out' }] },
      { userText: 'hello', purpose: 'title', turnToolOutputs: [] },
    ]);
  });

  it('refuses with an error in the form of the API', async () => {
    const endpoint = await openEndpoint(() => [httpError(429, { headers: { 'retry-after': '1' } })]);
    const refused = await post(endpoint, { messages: [], tools });
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
      429,
      '1',
      { error: { type: 'rate_limit_error' } },
    ]);
  });
});
