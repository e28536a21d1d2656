/** What an agent does with the tools that it was given: hand-made calls over HTTP. */
import { createServer } from 'node:http';
import { expect, onTestFinished } from 'vitest';
import type { AgentTools } from '../../machines/domain/effect.ts';
import type { World } from './scripted-world.ts';

/** Of the thread's newest connection. */
export function toolsOf(world: World, threadId: string): AgentTools {
  const opened = world.performed.findLast(
    (effect) => effect.type === 'connection.open' && effect.threadId === threadId,
  );
  if (opened?.type !== 'connection.open' || opened.tools === undefined)
    throw new Error(`the agent of ${threadId} was given no tools`);
  return opened.tools;
}

/** One request, as it is answered. */
export function post(
  { url, bearer }: Pick<AgentTools, 'url' | 'bearer'>,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body,
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${bearer}`,
      ...headers,
    },
  });
}

const message = (method: string, params: object): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });

interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Answers come as JSON, or as the one event of a stream. */
export async function request(tools: AgentTools, method: string, params: object = {}): Promise<unknown> {
  const response = await post(tools, message(method, params));
  const text = await response.text();
  expect([response.status, text]).toEqual([200, expect.any(String)]);
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  const { result, error } = JSON.parse(data) as RpcAnswer;
  if (error !== undefined) throw new Error(error.message);
  return result;
}

interface ToolAnswer {
  readonly content: readonly { readonly text: string }[];
  readonly isError?: boolean;
}

/** What a tool answers; of a refusal, its `error`. */
export async function call<Answer = Record<string, unknown>>(
  tools: AgentTools,
  name: string,
  given: object = {},
): Promise<Answer> {
  const { content } = (await request(tools, 'tools/call', { name, arguments: given })) as ToolAnswer;
  return JSON.parse(content[0]?.text ?? 'null') as Answer;
}

/** The code of the refusal; `null`: it was not refused. */
export async function refusal(tools: AgentTools, name: string, given: object = {}): Promise<string | null> {
  const { error } = await call<{ error?: { code: string } }>(tools, name, given);
  return error?.code ?? null;
}

/** A door behind which nobody is, and the keys of those who came to it. */
export async function listenForAgents(): Promise<{ tools: AgentTools; bearers: ReadonlySet<string> }> {
  const bearers = new Set<string>();
  const server = createServer((request, response) => {
    bearers.add(request.headers.authorization?.replace('Bearer ', '') ?? '');
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}/mcp`;
  return { tools: { name: 'threadchart', url, bearer: 'key-of-this-test', readers: ['list'] }, bearers };
}
