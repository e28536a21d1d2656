import { describe, expect, it } from 'vitest';
import { openEndpoint } from '../helpers/open-endpoint.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import type { ModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import {
  customToolCall,
  delay,
  drop,
  event,
  functionCall,
  gate,
  hang,
  httpError,
  reasoning,
  text,
  usage,
} from '../model-endpoint/step.ts';

const user = (content: string): object => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text: content }],
});

interface Asked {
  readonly thread?: string;
  readonly input?: readonly object[];
  readonly signal?: AbortSignal;
}

async function ask(endpoint: ModelEndpoint, asked: Asked = {}): Promise<Response> {
  const { thread = 'thread-1', input = [user('hello')], signal = null } = asked;
  const body = JSON.stringify({ model: 'gpt-test', stream: true, input, prompt_cache_key: thread });
  return fetch(`${endpoint.url}/responses`, { method: 'POST', body, signal });
}

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

async function askForEvents(endpoint: ModelEndpoint, asked: Asked = {}): Promise<SentEvent[]> {
  return eventsOf(await (await ask(endpoint, asked)).text());
}

const textOf = (events: readonly SentEvent[]): string => events.map(({ delta }) => delta ?? '').join('');

describe('what a reply holds', () => {
  it('streams text in deltas of n characters and never cuts a character in two', async () => {
    const endpoint = await openEndpoint(
      replies([[text('añ😀b', { chunkLength: 1, phase: 'final_answer' })]]),
    );
    const events = await askForEvents(endpoint);
    expect(events.flatMap(({ delta }) => delta ?? [])).toEqual(['a', 'ñ', '😀', 'b']);
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.output_item.added',
      ...Array.from('añ😀b', () => 'response.output_text.delta'),
      'response.output_item.done',
      'response.completed',
    ]);
    const done = events.find(({ type }) => type === 'response.output_item.done');
    expect(done?.item).toMatchObject({ phase: 'final_answer', content: [{ text: 'añ😀b' }] });
  });

  it('waits before each delta', async () => {
    const endpoint = await openEndpoint(replies([[text('abc', { chunkLength: 1, delayMs: 10 }), delay(10)]]));
    const startedAt = performance.now();
    await askForEvents(endpoint);
    expect(performance.now() - startedAt).toBeGreaterThan(35);
  });

  it('sends reasoning, tool calls and the usage asked for', async () => {
    const endpoint = await openEndpoint(
      replies([
        [
          reasoning('thinking', { text: 'raw' }),
          functionCall('exec_command', { cmd: 'ls' }, { callId: 'call-a' }),
          functionCall('echo', '{broken', { namespace: 'mcp__tiny' }),
          customToolCall('apply_patch', '*** Begin Patch'),
          usage({ inputTokens: 7, outputTokens: 3, cachedInputTokens: 2, reasoningTokens: 1 }),
        ],
      ]),
    );
    const events = await askForEvents(endpoint);
    const items = events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => item);
    expect(items).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'thinking' }], content: [{ text: 'raw' }] },
      { type: 'function_call', name: 'exec_command', arguments: '{"cmd":"ls"}', call_id: 'call-a' },
      { type: 'function_call', name: 'echo', namespace: 'mcp__tiny', arguments: '{broken' },
      { type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin Patch' },
    ]);
    const usages = events.at(-1)?.response?.['usage'];
    expect(usages).toMatchObject({ input_tokens: 7, output_tokens: 3, total_tokens: 10 });
  });

  it('gives every item an id of its own', async () => {
    const endpoint = await openEndpoint(() => [text('a'), functionCall('f', {}), text('b')]);
    const events = [...(await askForEvents(endpoint)), ...(await askForEvents(endpoint))];
    const ids = events
      .filter(({ type }) => type === 'response.output_item.done')
      .map(({ item }) => item?.['id']);
    expect(new Set(ids).size).toBe(6);
  });

  it('ends with a scripted last event and not with another one', async () => {
    const failed = { type: 'response.failed', response: { error: { code: 'insufficient_quota' } } };
    const endpoint = await openEndpoint(replies([[event(failed), text('never')]]));
    expect((await askForEvents(endpoint)).map(({ type }) => type)).toEqual([
      'response.created',
      'response.failed',
    ]);
  });
});

describe('replies that go wrong', () => {
  it('answers with an HTTP status, headers and a body', async () => {
    const body = { error: { code: 'server_is_overloaded' } };
    const endpoint = await openEndpoint(
      replies([
        [httpError(503, { headers: { 'retry-after': '1' }, body })],
        [httpError(400, { body: 'plain' })],
      ]),
    );
    const overloaded = await ask(endpoint);
    expect([overloaded.status, overloaded.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await overloaded.json()).toEqual(body);
    const refused = await ask(endpoint);
    expect([refused.status, await refused.text()]).toEqual([400, 'plain']);
  });

  it('drops the connection after what was already said', async () => {
    const endpoint = await openEndpoint(replies([[text('first'), drop(), text('never')]]));
    const response = await ask(endpoint);
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let received = '';
    const readAll = async (): Promise<void> => {
      for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
        received += decoder.decode(chunk.value, { stream: true });
      }
    };
    await expect(readAll()).rejects.toThrow('terminated');
    expect(textOf(eventsOf(received))).toBe('first');
    expect(received).not.toContain('response.completed');
  });

  it('drops a request before any answer', async () => {
    const endpoint = await openEndpoint(replies([[drop()]]));
    await expect(ask(endpoint)).rejects.toThrow('fetch failed');
  });

  it('hangs until the client goes, and counts the open stream', async () => {
    const endpoint = await openEndpoint(replies([[hang()]]));
    const client = new AbortController();
    const asked = ask(endpoint, { signal: client.signal });
    await endpoint.until(({ openStreamCount, requests }) => openStreamCount === 1 && requests.length === 1);
    client.abort();
    await expect(asked).rejects.toThrow('aborted');
    await endpoint.until(({ openStreamCount }) => openStreamCount === 0);
    expect(endpoint.errors).toEqual([]);
  });

  it('breaks off open replies when it is closed', async () => {
    const endpoint = await openEndpoint(replies([[text('first'), gate('never released')]]));
    const response = await ask(endpoint);
    await endpoint.gate('never released').reached;
    await endpoint.close();
    await expect(response.text()).rejects.toThrow('terminated');
    expect(endpoint.openStreamCount).toBe(0);
  });

  it('refuses what the script has no reply for, and says so', async () => {
    const endpoint = await openEndpoint(replies([]));
    expect((await ask(endpoint)).status).toBe(400);
    expect((await fetch(`${endpoint.url}/models`)).status).toBe(400);
    expect(endpoint.errors.map(({ message }) => message)).toEqual([
      'the script has 0 replies, thread thread-1 asked for one more',
      'unexpected request GET /v1/models',
    ]);
  });

  it('reports a step that comes too late for its reply', async () => {
    const endpoint = await openEndpoint(replies([[text('said'), httpError(500)]]));
    await expect(ask(endpoint).then((response) => response.text())).rejects.toThrow(
      /terminated|fetch failed/,
    );
    expect(endpoint.errors.map(({ message }) => message)).toEqual([
      'Cannot write headers after they are sent to the client',
    ]);
  });
});

describe('gates', () => {
  it('holds a reply until the test releases it', async () => {
    const endpoint = await openEndpoint(replies([[text('before '), gate('pause'), text('after')]]));
    const answer = ask(endpoint).then((response) => response.text());
    await endpoint.gate('pause').reached;
    expect(endpoint.openStreamCount).toBe(1);
    endpoint.gate('pause').release();
    expect(textOf(eventsOf(await answer))).toBe('before after');
  });

  it('opens all gates at once, also those not yet reached', async () => {
    const endpoint = await openEndpoint(replies([[gate('one'), text('a'), gate('two'), text('b')]]));
    const answer = askForEvents(endpoint);
    await endpoint.gate('one').reached;
    endpoint.releaseAll();
    expect(textOf(await answer)).toBe('ab');
  });
});

const IMAGE_MESSAGE = [
  { type: 'input_text', text: 'second' },
  { type: 'input_text', text: '<image name=[Image #1] path="/images/1">' },
  { type: 'input_image', image_url: 'data:image/png;base64,AA==' },
  { type: 'input_text', text: '</image>' },
];

describe('scripts', () => {
  it('counts replies per thread', async () => {
    const endpoint = await openEndpoint(replies([[text('one')], [text('two')]]));
    expect(textOf(await askForEvents(endpoint, { thread: 'a' }))).toBe('one');
    expect(textOf(await askForEvents(endpoint, { thread: 'b' }))).toBe('one');
    expect(textOf(await askForEvents(endpoint, { thread: 'a' }))).toBe('two');
  });

  it('chooses by the latest user text and falls back to the rest', async () => {
    const endpoint = await openEndpoint(byUserText({ ping: () => [text('pong')] }, () => [text('what?')]));
    expect(textOf(await askForEvents(endpoint, { input: [user('other'), user('ping ')] }))).toBe('pong');
    expect(textOf(await askForEvents(endpoint))).toBe('what?');
  });

  it('shows the script the conversation as the model would see it', async () => {
    const endpoint = await openEndpoint(() => [text('ok')]);
    const input = [
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'rules' }] },
      user('first'),
      { type: 'function_call_output', call_id: 'a', output: 'one' },
      { ...user('second'), content: IMAGE_MESSAGE },
      user('<environment_context>\n <cwd>/</cwd>\n</environment_context>'),
      { type: 'custom_tool_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'two' }] },
    ];
    await askForEvents(endpoint, { input });
    expect(endpoint.requests).toMatchObject([
      {
        index: 0,
        model: 'gpt-test',
        threadId: 'thread-1',
        userText: 'second',
        toolOutputs: [{ callId: 'a', output: 'one' }, { callId: 'b' }],
        turnToolOutputs: [{ callId: 'b', output: '[{"type":"input_text","text":"two"}]' }],
      },
    ]);
  });
});
