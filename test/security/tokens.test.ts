/** What becomes of tokens and tickets that others would like to have. */
import crypto from 'node:crypto';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect } from '../../server/client/node.ts';
import { fetchTicket } from '../../server/client/ticket-socket.ts';
import { createToken, revokeToken, Tokens } from '../../server/http/tokens.ts';
import { ask, expectUntouched, ticketOf, upgrade, type Headers } from '../helpers/attack.ts';
import { makeFolder, startGateway } from '../helpers/start-gateway.ts';
import { until } from '../helpers/until.ts';

/** Calls of the module's own function by whoever has imported it. */
function watchComparisons() {
  const compare = vi.spyOn(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();
  onTestFinished(() => {
    compare.mockRestore();
    syncBuiltinESMExports();
  });
  return compare;
}

describe('a long-lived token in a URL (claudecodeui 648)', () => {
  it.each(['token', 'access_token', 'auth', 'authorization', 'bearer', 'api_key', 'key'])(
    'as ?%s= is not looked at',
    async (name) => {
      const gateway = await startGateway();
      const query = `?${name}=${gateway.token}`;
      expect((await upgrade(gateway, query, [])).status).toBe(401);
      expect((await ask(gateway, { line: `POST /api/ticket${query}` })).status).toBe(401);
      expectUntouched(gateway);
    },
  );

  it('as a ticket is refused', async () => {
    const gateway = await startGateway();
    const own: Headers = [['Origin', gateway.url]];
    expect((await upgrade(gateway, `?ticket=${gateway.token}`, own)).status).toBe(101);
    await until(() => gateway.server.gateway.stats.socketCount === 0);
    expectUntouched(gateway);
  });
});

describe('CVE-2026-25253 (OpenClaw): the client sends its token to whom the attacker names', () => {
  /** A server that answers everything with a redirection, and one that it leads to. */
  async function redirection(status: number) {
    const seen: (string | undefined)[] = [];
    const thief = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{"ticket":"x"}');
    });
    const other = createServer((_, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${portOf(thief)}/` }).end();
    });
    let upgradeCount = 0;
    other.on('upgrade', (_, socket) => {
      upgradeCount += 1;
      // whoever gives up resets it
      socket.on('error', () => undefined);
      socket.end(`HTTP/1.1 ${status} x\r\nlocation: ws://127.0.0.1:${portOf(thief)}/\r\n\r\n`);
    });
    const portOf = (server: typeof other): number => (server.address() as AddressInfo).port;
    for (const server of [thief, other]) {
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
    }
    return { seen, upgrades: () => upgradeCount, url: `http://127.0.0.1:${portOf(other)}` };
  }

  it.each([301, 302, 307, 308])('a redirection with %i is not followed with it', async (status) => {
    const { seen, upgrades, url } = await redirection(status);
    await expect(fetchTicket(url, 'the-token')).rejects.toThrow(/fetch failed/);
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const backoff = { baseMs: 1, mostMs: 1 };
    const client = connect({ url, token: 'the-token', backoff, timeoutMs: 50, signal });
    const isOpen = vi.fn<() => void>();
    void client.then(isOpen, isOpen);
    // it tries again and again, and nowhere else
    await until(() => upgrades() > 3);
    expect(isOpen).not.toHaveBeenCalled();
    expect(seen).toEqual([]);
    giveUp.abort();
    await expect(client).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });
});

describe('tokens and tickets', () => {
  it('are compared in constant time: all of them, by hashes of one length, whatever is sent', () => {
    const compare = watchComparisons();
    const folder = makeFolder();
    const made = ['a', 'b', 'c'].map((name) => createToken(folder, { name, scopes: ['read'], createdAt: 0 }));
    const tokens = new Tokens(folder);
    for (const given of ['', 'x', 'x'.repeat(500), ...made.map(({ token }) => token)]) {
      compare.mockClear();
      tokens.authenticate(given);
      expect(compare).toHaveBeenCalledTimes(4);
      for (const [one, other] of compare.mock.calls)
        expect([one.byteLength, other.byteLength]).toEqual([32, 32]);
    }
  });

  it('a ticket is good once, for 30 s, and not after its token was revoked', async () => {
    let now = 0;
    const gateway = await startGateway({ now: () => now });
    const { token, tokenId } = createToken(gateway.dataFolder, { name: 'x', scopes: ['read'], createdAt: 0 });
    const use = async (ticket: string): Promise<number | null> => {
      const options = { query: `?ticket=${ticket}`, headers: { origin: gateway.url } };
      const client = await gateway.open({ ...options, token: undefined as never });
      await until(() => client.closed ?? client.messages.length === 0);
      if (client.closed === null) client.send('{"jsonrpc":"2.0","id":1,"method":"server.info"}');
      await until(() => client.closed ?? client.messages.length > 0);
      return client.closed?.code ?? null;
    };
    const [once, late] = await Promise.all([1, 2].map(() => fetchTicket(gateway.url, token)));
    expect(await use(once!)).toBeNull();
    expect(await use(once!)).toBe(4401);
    now = 30_000;
    expect(await use(late!)).toBe(4401);
    now = 0;
    const fresh = await fetchTicket(gateway.url, token);
    revokeToken(gateway.dataFolder, tokenId);
    expect(await use(fresh)).toBe(4401);
  });

  it('a ticket does not open what needs a token', async () => {
    const gateway = await startGateway();
    const ticket = await ticketOf(gateway);
    const headers: Headers = [['Authorization', `Bearer ${ticket}`]];
    expect((await ask(gateway, { line: 'POST /api/ticket', headers })).status).toBe(401);
    expect((await upgrade(gateway, '', headers)).status).toBe(401);
  });
});
