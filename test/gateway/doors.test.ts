import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createToken, revokeToken } from '../../server/http/tokens.ts';
import { turnBegan } from '../helpers/facts.ts';
import { startGateway, type StartedGateway } from '../helpers/start-gateway.ts';
import { until } from '../helpers/until.ts';

interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** With headers that `fetch` would not let through. */
function ask(
  { server }: StartedGateway,
  path: string,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const [method, target] = path.includes(' ') ? path.split(' ', 2) : ['GET', path];
  const all = { host: `127.0.0.1:${server.port}`, connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('error', reject);
    socket.on('close', () => resolve({ status: Number(text.slice(9, 12)), text }));
    socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  });
}

async function ticketOf({ url, token }: StartedGateway): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/ticket`, { method: 'POST', headers });
  expect(response.status).toBe(200);
  const { ticket, expiresInMs } = (await response.json()) as { ticket: string; expiresInMs: number };
  expect(expiresInMs).toBe(30_000);
  return ticket;
}

describe('the Host and Origin rules', () => {
  const hosts = (port: number): [host: string, status: number][] => [
    [`127.0.0.1:${port}`, 200],
    [`localhost:${port}`, 200],
    [`LOCALHOST:${port}`, 200],
    [`[::1]:${port}`, 200],
    ['localhost', 200],
    ['localhost:80', 200],
    ['evil.example', 403],
    [`evil.example:${port}`, 403],
    ['localhost.evil.example', 403],
    [`localhost.:${port}`, 403],
    ['0.0.0.0', 403],
    ['127.0.0.1.nip.io', 403],
    ['127.0.0.2', 403],
    ['user@localhost', 403],
    ['localhost, evil.example', 403],
    ['', 403],
  ];

  it('let in by the allowed names only, health included', async () => {
    const gateway = await startGateway();
    for (const [host, status] of hosts(gateway.server.port)) {
      for (const path of ['/healthz', '/openrpc.json', '/metrics']) {
        expect.soft((await ask(gateway, path, { host })).status, `${path} as ${host}`).toBe(status);
      }
    }
    const client = await gateway.open({ headers: { host: 'evil.example' } });
    expect(client.refusedStatus).toBe(403);
  });

  it('refuse a doubled Host', async () => {
    const gateway = await startGateway();
    const answer = await ask(gateway, '/healthz', { Host: 'evil.example' });
    expect([400, 403]).toContain(answer.status);
  });

  it.each([
    ['evil.example', 'https://evil.example', 403],
    ['another port of loopback', 'http://localhost:3000', 403],
    ['null', 'null', 403],
    ['an empty one', '', 403],
    ['another scheme', 'file://', 403],
    ['a longer name', 'http://localhost.evil.example', 403],
    ['two', 'http://localhost, https://evil.example', 403],
    ['localhost', 'http://localhost:PORT', 200],
    ['loopback', 'http://127.0.0.1:PORT', 200],
    ['one that was allowed', 'https://console.example', 200],
  ])('refuse or take the origin %s', async (_name, template, status) => {
    const gateway = await startGateway({ allowedOrigins: ['https://console.example'] });
    const origin = template.replace('PORT', String(gateway.server.port));
    expect((await ask(gateway, '/openrpc.json', { origin })).status).toBe(status);
    expect((await ask(gateway, '/healthz', { origin })).status).toBe(403);
    expect((await ask(gateway, '/metrics', { origin })).status).toBe(403);
    const client = await gateway.open({ headers: { origin } });
    expect(client.refusedStatus).toBe(status === 200 ? null : status);
    if (status === 200) await client.result('server.info');
  });

  it('take the origin that the allowed Host of the same request names, as through a forwarded port', async () => {
    const gateway = await startGateway();
    const host = 'localhost:8000';
    expect((await ask(gateway, '/openrpc.json', { host, origin: 'http://localhost:8000' })).status).toBe(200);
    expect((await ask(gateway, '/openrpc.json', { host, origin: 'http://localhost:8001' })).status).toBe(403);
  });

  it('send no header that lets another origin read', async () => {
    const gateway = await startGateway();
    const { text } = await ask(gateway, '/openrpc.json', { origin: gateway.url });
    expect(text.toLowerCase()).not.toContain('access-control');
    expect(text).toContain('x-content-type-options: nosniff');
    expect((await ask(gateway, 'OPTIONS /api/ticket', { origin: gateway.url })).status).toBe(404);
  });
});

describe('the upgrade', () => {
  it.each([
    ['no token', {}, ''],
    ['a wrong token', { authorization: 'Bearer wrong' }, ''],
    ['another scheme', { authorization: 'Basic TOKEN' }, ''],
    ['a token in the URL', {}, '?token=TOKEN'],
    ['a token for a ticket', {}, '?ticket=TOKEN'],
  ])('with %s is a 401 for programs and a 4401 for pages', async (_case, template, query) => {
    const gateway = await startGateway();
    const fill = (text: string): string => text.replace('TOKEN', gateway.token);
    const entries = Object.entries(template).map(([name, value]) => [name, fill(String(value))]);
    const headers = Object.fromEntries(entries) as Record<string, string>;
    const options = { headers, query: fill(query), token: undefined as never };
    const program = await gateway.open(options);
    expect(program.refusedStatus).toBe(query.startsWith('?ticket') ? 403 : 401);
    const page = await gateway.open({ ...options, headers: { ...headers, origin: gateway.url } });
    expect((await page.whenClosed()).code).toBe(4401);
    expect(gateway.server.gateway.stats.socketCount).toBe(0);
    expect(page.messages).toEqual([]);
  });

  it('at another path is a 404', async () => {
    const gateway = await startGateway();
    const headers = {
      authorization: `Bearer ${gateway.token}`,
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    expect((await ask(gateway, '/other', headers)).status).toBe(404);
    expect((await ask(gateway, '//', headers)).status).toBe(404);
  });

  it('takes a ticket once, with an origin', async () => {
    const gateway = await startGateway();
    const ticket = await ticketOf(gateway);
    const options = { query: `?ticket=${ticket}`, token: undefined as never };
    expect((await gateway.open(options)).refusedStatus).toBe(403);
    const headers = { origin: gateway.url };
    const first = await gateway.open({ ...options, headers });
    await first.result('server.info');
    const second = await gateway.open({ ...options, headers });
    expect((await second.whenClosed()).code).toBe(4401);
    await first.result('server.info');
  });

  it('refuses a ticket after 30 s', async () => {
    let now = 0;
    const gateway = await startGateway({ now: () => now });
    const [early, late] = [await ticketOf(gateway), await ticketOf(gateway)];
    const headers = { origin: gateway.url };
    now = 29_999;
    const taken = await gateway.open({ headers, query: `?ticket=${early}`, token: undefined as never });
    await taken.result('server.info');
    now = 30_000;
    const refused = await gateway.open({ headers, query: `?ticket=${late}`, token: undefined as never });
    expect((await refused.whenClosed()).code).toBe(4401);
  });

  it('gives a ticket the scopes of its token', async () => {
    const gateway = await startGateway();
    const { token } = createToken(gateway.dataFolder, { name: 'r', scopes: ['read'], createdAt: 0 });
    const ticket = await ticketOf({ ...gateway, token });
    const headers = { origin: gateway.url };
    const client = await gateway.open({ headers, query: `?ticket=${ticket}`, token: undefined as never });
    const command = { type: 'turn.retry', threadId: 'a' };
    const params = { commandId: 'c', command };
    expect(await client.errorCode('orchestration.dispatchCommand', params)).toBe('FORBIDDEN');
  });

  it('is undone when the token is revoked', async () => {
    const gateway = await startGateway();
    const { token, tokenId } = createToken(gateway.dataFolder, { name: 'r', scopes: ['read'], createdAt: 0 });
    const [revoked, other] = [await gateway.open({ token }), await gateway.open()];
    await revoked.result('server.info');
    expect(revokeToken(gateway.dataFolder, tokenId)).toBe(true);
    gateway.server.gateway.sweep();
    expect((await revoked.whenClosed()).code).toBe(4401);
    expect((await gateway.open({ token })).refusedStatus).toBe(401);
    await other.result('server.info');
  });
});

describe('the server', () => {
  it('says whether it is alive and ready', async () => {
    const gateway = await startGateway();
    expect((await ask(gateway, '/healthz')).status).toBe(200);
    gateway.runtime.isStarted = false;
    expect((await ask(gateway, '/readyz')).status).toBe(503);
    gateway.runtime.isStarted = true;
    expect((await ask(gateway, '/readyz')).status).toBe(200);
    expect(await ask(gateway, 'HEAD /readyz')).toMatchObject({
      status: 200,
      text: expect.stringMatching(/\r\n\r\n$/),
    });
  });

  it('answers 404 as JSON to what it does not know', async () => {
    const gateway = await startGateway();
    for (const path of ['/nothing', 'POST /healthz', 'GET /api/ticket', '/../token', '/api/session']) {
      const answer = await ask(gateway, path);
      expect.soft(answer.status, path).toBe(404);
      expect.soft(answer.text).toContain('"code":"NOT_FOUND"');
    }
  });

  it('asks its fallback for what no route knows', async () => {
    const gateway = await startGateway({
      fallback: (path) => (path === '/' ? { status: 200, contentType: 'text/html', body: '<p>hello' } : null),
    });
    expect((await ask(gateway, '/')).text).toContain('<p>hello');
    expect((await ask(gateway, '/other')).status).toBe(404);
    expect((await ask(gateway, '/', { host: 'evil.example' })).status).toBe(403);
  });

  it('gives tickets to bearers only, and to no form of another page', async () => {
    const gateway = await startGateway();
    const authorization = `Bearer ${gateway.token}`;
    const ticket = (headers: Record<string, string>) => ask(gateway, 'POST /api/ticket', headers);
    expect((await ticket({})).status).toBe(401);
    expect((await ticket({ authorization: 'Bearer x' })).status).toBe(401);
    expect((await ticket({ authorization, 'content-type': 'text/plain' })).status).toBe(400);
    expect((await ticket({ authorization, origin: 'https://evil.example' })).status).toBe(403);
    expect((await ticket({ authorization, origin: gateway.url })).status).toBe(200);
  });

  it('keeps its token in a file of its owner', async () => {
    const { dataFolder, token } = await startGateway();
    expect(statSync(join(dataFolder, 'token')).mode & 0o777).toBe(0o600);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  });

  it('closes sockets with 1001 when it ends, and lets go of the runtime', async () => {
    const gateway = await startGateway();
    gateway.runtime.create('a');
    const client = await gateway.open();
    await client.subscribe({ threadId: 'a' });
    await gateway.server.close();
    expect((await client.whenClosed()).code).toBe(1001);
    expect(gateway.runtime.listenerCount).toBe(0);
    expect(gateway.runtime.watched.size).toBe(0);
    gateway.runtime.commit('a', turnBegan('t1'));
  });

  it('cuts a connection that says nothing', async () => {
    const { server } = await startGateway({ limits: { handshakeTimeoutMs: 50 } });
    const socket = connect(server.port, '127.0.0.1');
    const end = new Promise((resolve) => socket.once('close', resolve));
    socket.resume();
    await end;
    expect(socket.bytesWritten).toBe(0);
  });

  it('ends a client that does not answer its pings', async () => {
    let now = 0;
    const { server, open } = await startGateway({ now: () => now });
    const [dead, alive] = [await open({ autoPong: false }), await open()];
    const sweepAt = async (at: number): Promise<void> => {
      now = at;
      server.gateway.sweep();
      await alive.result('server.info');
    };
    await sweepAt(30_000);
    expect(dead.closed).toBeNull();
    await sweepAt(60_000);
    await until(() => dead.closed);
    expect(alive.closed).toBeNull();
  });
});
