/** `/mcp`: who comes in, and who does not. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { post, request, toolsOf } from '../helpers/agent-calls.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import { rawHttp } from '../helpers/raw-http.ts';
import { startServer } from '../helpers/start-server.ts';
import { errorAnswer, respond } from '../../server/http/respond.ts';
import { McpDoor, MCP_LIMITS } from '../../server/mcp/door.ts';

const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });

async function startAgent(config: Record<string, unknown> = {}) {
  const server = await startServer(config);
  const client = await server.client();
  const thread = await LiveThread.create(client, { cwd: '/tmp', instanceId: 'scripted' });
  await thread.submit('wait');
  await thread.fact('turn.started');
  return { server, client, thread, tools: toolsOf(server.world, thread.threadId) };
}

const statusOf = async (asked: Promise<Response>): Promise<number> => (await asked).status;

describe('the door of agents', () => {
  it('opens for the key of a connection, and for no other word', async () => {
    const { server, tools } = await startAgent();
    expect(await request(tools, 'tools/list')).toMatchObject({ tools: expect.any(Array) as unknown });
    const { url, bearer } = tools;
    const wrong = [server.token, '', `${bearer}x`, bearer.slice(0, -1), 'tca_', bearer.toUpperCase()];
    for (const each of wrong) expect(await statusOf(post({ url, bearer: each }, LIST))).toBe(401);
    expect(await statusOf(fetch(url, { method: 'POST', body: LIST }))).toBe(401);
    expect(await statusOf(fetch(`${url}?key=${bearer}`, { method: 'POST', body: LIST }))).toBe(401);
  });

  it('does not let an agent in anywhere else', async () => {
    const { server, tools } = await startAgent();
    const headers = { authorization: `Bearer ${tools.bearer}` };
    for (const [method, path] of [
      ['POST', '/api/ticket'],
      ['GET', '/api/entries?threadId=t1&after=0'],
      ['POST', '/api/attachments'],
    ] as const)
      expect(await statusOf(fetch(`${server.url}${path}`, { method, headers }))).toBe(401);
  });

  it('is shut for pages, and for other names of the server', async () => {
    const { server, tools } = await startAgent();
    const origin = { origin: new URL(server.url).origin };
    expect(await statusOf(post(tools, LIST, origin))).toBe(403);
    const headers = [
      ['Host', 'evil.example'],
      ['Authorization', `Bearer ${tools.bearer}`],
    ] as const;
    const foreign = await rawHttp(Number(new URL(server.url).port), { line: 'POST /mcp', headers });
    expect(foreign.status).toBe(403);
  });

  it('is shut for a key whose connection is over, and open for the next one', async () => {
    const { server, thread, tools } = await startAgent();
    await thread.do({ type: 'thread.stop' });
    await thread.reached('stopped');
    expect(await statusOf(post(tools, LIST))).toBe(401);
    expect(server.running().runtime.keys.count).toBe(0);
    await thread.turn('again');
    const next = toolsOf(server.world, thread.threadId);
    expect(next.bearer).not.toBe(tools.bearer);
    expect([await statusOf(post(tools, LIST)), await statusOf(post(next, LIST))]).toEqual([401, 200]);
    await server.restart();
    expect(await statusOf(post(next, LIST))).toBe(401);
  });

  it('takes no body that is too large', async () => {
    const { tools } = await startAgent();
    expect(await statusOf(post(tools, `"${'x'.repeat(MCP_LIMITS.bodyBytes)}"`))).toBe(413);
  });

  it('takes no more calls than are sensible', async () => {
    const { server, thread, tools } = await startAgent();
    const { runtime } = server.running();
    let now = 0;
    const door = new McpDoor({ runtime, keys: runtime.keys, newId: () => 'x', release: '', now: () => now });
    const beside = createServer((asked, response) => {
      door.answer(asked).then(
        (answer) => respond(response, answer),
        (error: unknown) => respond(response, errorAnswer(error)),
      );
    });
    onTestFinished(() => void beside.close());
    await new Promise<void>((resolve) => beside.listen(0, '127.0.0.1', resolve));
    const { port } = beside.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/mcp`;
    const ask = (): Promise<number> => statusOf(post({ ...tools, url }, LIST));
    for (let count = 0; count < MCP_LIMITS.burstCount; count += 1) expect(await ask()).toBe(200);
    expect(await ask()).toBe(429);
    now += 1_000;
    expect(await ask()).toBe(200);
    expect(thread.status).toBe('running');
  });

  it('answers what is no call at all', async () => {
    const { tools } = await startAgent();
    for (const body of ['', '{', '[]', 'null', '{"jsonrpc":"2.0","id":1,"method":"x"}'])
      expect(await statusOf(post(tools, body))).toBeLessThan(500);
    const { url, bearer } = tools;
    const headers = { authorization: `Bearer ${bearer}`, accept: 'text/event-stream' };
    expect(await statusOf(fetch(url, { headers }))).toBe(405);
  });

  it('is not there, and no agent is told of it, where delegation is turned off', async () => {
    const server = await startServer({ delegation: { enabled: false } });
    const client = await server.client();
    const thread = await LiveThread.create(client, { cwd: '/tmp', instanceId: 'scripted' });
    await thread.turn('go');
    expect(server.world.performed.some((effect) => 'tools' in effect)).toBe(false);
    expect(await statusOf(fetch(`${server.url}/mcp`, { method: 'POST', body: LIST }))).toBe(404);
  });

  it('leaves its keys in no file', async () => {
    const { server, thread, tools } = await startAgent();
    await thread.do({ type: 'thread.stop' });
    await thread.reached('stopped');
    await server.running().stop(0);
    const files = readdirSync(server.config.data, { recursive: true, withFileTypes: true });
    const texts = files
      .filter((file) => file.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name)).toString('latin1'));
    expect(texts.some((text) => text.includes(thread.threadId))).toBe(true);
    expect(texts.some((text) => text.includes(tools.bearer.slice(4)))).toBe(false);
  });
});
