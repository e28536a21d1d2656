import { describe, expect, it } from 'vitest';
import { openEndpoint } from '../helpers/open-endpoint.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import { functionCall, httpError, reasoning, text, usage } from '../model-endpoint/step.ts';

const user = (content: string): object => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text: content }],
});

interface SentEvent {
  readonly type: string;
  readonly delta?: string;
  readonly item?: Record<string, unknown>;
  readonly response?: Record<string, unknown>;
}

function eventsOf(stream: string): SentEvent[] {
  return stream
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line): SentEvent => JSON.parse(line.slice('data: '.length)));
}

describe('the Messages API', () => {
  const post = async (endpoint: ModelEndpoint, path: string, body: object): Promise<Response> =>
    fetch(`${endpoint.origin}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'x-claude-code-session-id': 's' },
    });
  const tools = [{ name: 'Bash' }];

  it('streams blocks of one message, and its usage', async () => {
    const endpoint = await openEndpoint(() => [
      reasoning('hm'),
      text('Hello', { chunkLength: 3 }),
      functionCall('Bash', { command: 'x' }, { callId: 'c1' }),
      usage({ inputTokens: 7, outputTokens: 2 }),
    ]);
    const response = await post(endpoint, '/v1/messages?beta=true', { messages: [user('hello')], tools });
    const events = eventsOf(await response.text());
    expect(events.map(({ type }) => type.replace('content_', '')).join(' ')).toBe(
      [
        'message_start',
        'block_start block_delta block_delta block_stop',
        'block_start block_delta block_delta block_stop',
        'block_start block_delta block_stop',
        'message_delta message_stop',
      ].join(' '),
    );
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' }, usage: { input_tokens: 7 } });
    expect(endpoint.requests).toMatchObject([{ threadId: 's', purpose: 'turn' }]);
  });

  it('finds what the user wrote, also where it joins a turn, and the results of tools', async () => {
    const endpoint = await openEndpoint(() => [text('ok')]);
    const messages = [
      { role: 'user', content: '<system-reminder>\nbe nice\n</system-reminder>\n\nhello' },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: 'out' }] },
      { role: 'system', content: 'The user sent a new message while you were working:\nleft\n\nGo on.' },
    ];
    await post(endpoint, '/v1/messages', { messages: messages.slice(0, 2), tools });
    await post(endpoint, '/v1/messages', { messages, tools });
    expect(endpoint.requests).toMatchObject([
      { userText: 'hello', turnToolOutputs: [{ callId: 'c1', output: 'out' }] },
      { userText: 'left', turnToolOutputs: [] },
    ]);
  });

  it('answers what only looks around without the script', async () => {
    const endpoint = await openEndpoint(() => [httpError(529)]);
    expect((await fetch(endpoint.origin, { method: 'HEAD' })).status).toBe(200);
    const counted = await post(endpoint, '/v1/messages/count_tokens', { messages: [] });
    expect(await counted.json()).toMatchObject({ input_tokens: expect.any(Number) });
    const probed = await post(endpoint, '/v1/messages', { messages: [{ role: 'user', content: 'Hi' }] });
    expect(await probed.json()).toMatchObject({ type: 'message' });
    expect(endpoint.requests).toEqual([]);
    const failed = await post(endpoint, '/v1/messages', { messages: [user('x')], tools });
    expect([failed.status, await failed.json()]).toMatchObject([
      529,
      { error: { type: 'overloaded_error' } },
    ]);
  });
});
