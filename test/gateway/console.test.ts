/** How the console is served, and how a browser is signed in. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../../machines/domain/error.ts';
import { connect } from '../../server/client/node.ts';
import { fetchTicket } from '../../server/client/ticket-socket.ts';
import { ConsoleFiles } from '../../server/http/console-files.ts';
import { createToken, listTokens, revokeToken } from '../../server/http/tokens.ts';
import { rawHttp } from '../helpers/raw-http.ts';
import { makeFolder, startGateway, type StartedGateway } from '../helpers/start-gateway.ts';

function builtConsole(): string {
  const folder = makeFolder();
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'assets', 'index-abc.js'), 'void 0');
  writeFileSync(join(folder, 'notes.txt'), 'not a part of it');
  return folder;
}

const serving = (folder: string): Promise<StartedGateway> => {
  const files = new ConsoleFiles(folder);
  return startGateway({ fallback: (path, accepted) => files.answer(path, accepted) });
};

describe('the files of the console', () => {
  it('have a policy that lets in nothing from elsewhere, and caching by their names', async () => {
    const gateway = await serving(builtConsole());
    const index = await fetch(`${gateway.url}/`);
    expect(index.status).toBe(200);
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(index.headers.get('cache-control')).toBe('no-cache');
    const policy = index.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`default-src 'none'`);
    expect(policy).toContain(`frame-ancestors 'none'`);
    expect(policy).not.toMatch(/unsafe|http|\*/);
    const script = await fetch(`${gateway.url}/assets/index-abc.js`);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(script.headers.get('content-security-policy')).toBe(policy);
  });

  it.each([
    ['gzip, deflate, br, zstd', 'gzip'],
    ['gzip;q=0.5', 'gzip'],
    ['br, gzip;q=0, deflate', null],
    ['identity', null],
  ])('are packed for who accepts %j', async (accepted, encoding) => {
    const { url } = await serving(builtConsole());
    const script = await fetch(`${url}/assets/index-abc.js`, { headers: { 'accept-encoding': accepted } });
    expect([script.headers.get('content-encoding'), script.headers.get('vary')]).toEqual([
      encoding,
      'accept-encoding',
    ]);
    expect(await script.text()).toBe('void 0');
  });

  it('are those of its folder and no other', async () => {
    const folder = builtConsole();
    const secret = join(makeFolder(), 'secret.js');
    writeFileSync(secret, 'secret');
    symlinkSync(secret, join(folder, 'assets', 'link.js'));
    const gateway = await serving(folder);
    const paths = [
      '/assets/../../secret.js',
      '/assets/%2e%2e/notes.txt',
      '/notes.txt',
      '/assets/link.js',
      '/assets',
    ];
    for (const path of paths) {
      const { status } = await rawHttp(gateway.server.port, { line: `GET ${path}` });
      expect.soft(status, path).toBe(404);
    }
  });

  it('are missed with the command that makes them, and found once they are there', async () => {
    const folder = join(makeFolder(), 'console');
    const gateway = await serving(folder);
    const missed = await fetch(`${gateway.url}/`);
    expect(missed.status).toBe(503);
    expect(await missed.text()).toContain('npm run build:console');
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.html'), '<!doctype html>');
    expect((await fetch(`${gateway.url}/`)).status).toBe(200);
    rmSync(folder, { recursive: true });
  });
});

const post = (gateway: StartedGateway, path: string, authorization: string): Promise<Response> =>
  fetch(`${gateway.url}${path}`, { method: 'POST', headers: { authorization, origin: gateway.url } });

async function sessionOf(gateway: StartedGateway, authorization: string) {
  const response = await post(gateway, '/api/session', authorization);
  const body = (await response.json()) as { token: string; tokenId: string; scopes: string[] };
  return { status: response.status, ...body };
}

const codeIn = (url: string): string => new URL(url).hash.replace('#code=', '');

describe('signing in', () => {
  it('takes the code of a link once, and gives a token of its own', async () => {
    const gateway = await startGateway();
    const link = gateway.server.signInUrl();
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]{43}$/);
    const session = await sessionOf(gateway, `Code ${codeIn(link)}`);
    expect(session).toMatchObject({ status: 201, scopes: ['read', 'operate', 'admin'] });
    expect(session.token).not.toBe(gateway.token);
    expect((await sessionOf(gateway, `Code ${codeIn(link)}`)).status).toBe(401);
    const ticket = await fetchTicket(gateway.url, session.token);
    const client = await connect({ url: gateway.url, ticket: () => Promise.resolve(ticket) });
    expect(client.info?.epoch).toBe('epoch-1');
    client.close();
  });

  it('refuses a code that is made up, and one that is too old', async () => {
    let now = 0;
    const gateway = await startGateway({ now: () => now });
    expect((await sessionOf(gateway, `Code ${'a'.repeat(43)}`)).status).toBe(401);
    expect((await sessionOf(gateway, 'Code ')).status).toBe(401);
    const code = codeIn(gateway.server.signInUrl());
    now = 15 * 60_000;
    expect((await sessionOf(gateway, `Code ${code}`)).status).toBe(401);
  });

  it('can do no more than the token by which it was done, and ends with it', async () => {
    const gateway = await startGateway();
    const { dataFolder } = gateway;
    const reader = createToken(dataFolder, { name: 'reader', scopes: ['read'], createdAt: 1 });
    const response = await post(gateway, '/api/sign-in-code', `Bearer ${reader.token}`);
    const { code } = (await response.json()) as { code: string };
    const session = await sessionOf(gateway, `Code ${code}`);
    expect(session.scopes).toEqual(['read']);
    revokeToken(dataFolder, reader.tokenId);
    await expect(fetchTicket(gateway.url, session.token)).rejects.toThrow(RuntimeError);
    expect(listTokens(dataFolder)).toEqual([]);
  });

  it('refuses a code whose token was revoked meanwhile', async () => {
    const gateway = await startGateway();
    const made = createToken(gateway.dataFolder, { name: 'short', scopes: ['read'], createdAt: 1 });
    const response = await post(gateway, '/api/sign-in-code', `Bearer ${made.token}`);
    const { code } = (await response.json()) as { code: string };
    revokeToken(gateway.dataFolder, made.tokenId);
    expect((await sessionOf(gateway, `Code ${code}`)).status).toBe(401);
  });

  it('is undone by signing out, and outlasts the server otherwise', async () => {
    const dataFolder = makeFolder();
    const first = await startGateway({ dataFolder });
    const session = await sessionOf(first, `Bearer ${first.token}`);
    const next = await startGateway({ dataFolder });
    await fetchTicket(next.url, session.token);
    const headers = { authorization: `Bearer ${session.token}` };
    await fetch(`${next.url}/api/session`, { method: 'DELETE', headers });
    await expect(fetchTicket(next.url, session.token)).rejects.toThrow('no valid token');
    // the token of the token file cannot be taken away by who was given it
    await fetch(`${next.url}/api/session`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${next.token}` },
    });
    await fetchTicket(next.url, next.token);
  });

  it('keeps the newest fifty browsers', async () => {
    const gateway = await startGateway();
    const first = await sessionOf(gateway, `Bearer ${gateway.token}`);
    for (let count = 1; count < 51; count += 1) await sessionOf(gateway, `Bearer ${gateway.token}`);
    const ids = listTokens(gateway.dataFolder).map(({ tokenId }) => tokenId);
    expect(ids).toHaveLength(50);
    expect(ids).not.toContain(first.tokenId);
  });
});

describe('pictures', () => {
  const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

  it('are given to who has a token, as what they are', async () => {
    const gateway = await startGateway();
    const headers = { authorization: `Bearer ${gateway.token}` };
    const address = `${gateway.url}/api/attachments`;
    const sent = await fetch(address, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'image/png' },
      body: PNG,
    });
    const { attachmentId } = (await sent.json()) as { attachmentId: string };
    const query = `?attachmentId=${attachmentId}`;
    const found = await fetch(address + query, { headers });
    expect(found.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await found.arrayBuffer())).toEqual(PNG);
    expect((await fetch(address + query)).status).toBe(401);
    for (const id of ['', '../token', 'a'.repeat(64)]) {
      const { status } = await fetch(`${address}?attachmentId=${encodeURIComponent(id)}`, { headers });
      expect.soft(status, id).toBe(id === '' ? 400 : 404);
    }
  });
});
