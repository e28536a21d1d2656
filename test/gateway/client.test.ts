import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket as WsSocket } from 'ws';
import { RuntimeError } from '../../machines/domain/error.ts';
import { connect as connectPage } from '../../server/client/browser.ts';
import type { Client, ShellView } from '../../server/client/client.ts';
import { connect, type NodeOptions } from '../../server/client/node.ts';
import { fetchTicket } from '../../server/client/ticket-socket.ts';
import { itemCompleted, itemStarted } from '../helpers/facts.ts';
import { keptPort } from '../helpers/kept-port.ts';
import { startGateway, type StartedGateway } from '../helpers/start-gateway.ts';
import { until } from '../helpers/until.ts';

const QUICK = { backoff: { baseMs: 1, mostMs: 2 } };

async function open({ url, token }: StartedGateway, options: Partial<NodeOptions> = {}): Promise<Client> {
  const client = await connect({ url, token, ...QUICK, ...options });
  onTestFinished(() => client.close());
  return client;
}

describe('connect', () => {
  it('resolves when the connection is open, with what the server is', async () => {
    const client = await open(await startGateway());
    expect(client.info).toMatchObject({ protocol: 1, epoch: 'epoch-1' });
  });

  it('rejects with UNAUTHORIZED for a wrong token, and tries no more', async () => {
    const { url } = await startGateway();
    await expect(connect({ url, token: 'wrong', ...QUICK })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('rejects with UNAUTHORIZED for a wrong ticket', async () => {
    const { url } = await startGateway();
    const ticket = async (): Promise<string> => 'wrong';
    await expect(connect({ url, ticket, ...QUICK })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('takes a ticket for each connection', async () => {
    const gateway = await startGateway();
    let ticketCount = 0;
    const ticket = (): Promise<string> => {
      ticketCount += 1;
      return fetchTicket(gateway.url, gateway.token);
    };
    const { token: _, ...withoutToken } = gateway;
    const client = await connect({ url: withoutToken.url, ticket, ...QUICK });
    onTestFinished(() => client.close());
    client.drop();
    await client.call('server.info', {});
    expect(ticketCount).toBe(2);
  });

  it('works in a page, over the global WebSocket and with tickets for its token', async () => {
    const { url, token, runtime } = await startGateway();
    runtime.create('a');
    class PageSocket extends WsSocket {
      constructor(address: string | URL) {
        super(address, { origin: url });
      }
    }
    vi.stubGlobal('WebSocket', PageSocket);
    onTestFinished(() => void vi.unstubAllGlobals());
    const client = await connectPage({ url, token, ...QUICK });
    onTestFinished(() => client.close());
    expect((await client.call('orchestration.listThreads', {})).threads).toHaveLength(1);
    await expect(connectPage({ url, token: 'wrong' })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('waits for a server that is not there yet', async () => {
    const { url, token, server } = await startGateway({ port: await keptPort() });
    await server.close();
    const connecting = connect({ url, token, ...QUICK });
    const second = await startGateway({ port: server.port });
    // its data folder is another one, its token too: it answers, and that is all we ask
    await expect(connecting).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(second.url).toBe(url);
  });

  it('can be given up before it is open, and before it begins', async () => {
    const { url, token, server } = await startGateway();
    await server.close();
    const giveUp = new AbortController();
    const options = { url, token, ...QUICK, signal: giveUp.signal };
    const connecting = connect(options);
    giveUp.abort();
    await expect(connecting).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expect(connect(options)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });

  it('is closed by its signal', async () => {
    const gateway = await startGateway();
    const giveUp = new AbortController();
    const client = await open(gateway, { signal: giveUp.signal });
    giveUp.abort();
    await expect(client.call('server.info', {})).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await until(() => gateway.server.gateway.stats.socketCount === 0);
  });
});

describe('a call', () => {
  it('gives a result, or throws a RuntimeError with code and details', async () => {
    const gateway = await startGateway();
    gateway.runtime.create('a');
    const client = await open(gateway);
    const { threads } = await client.call('orchestration.listThreads', {});
    expect(threads.map((row) => row.id)).toEqual(['a']);
    const refused = client.call('orchestration.getItem', { threadId: 'a', itemId: 'none' });
    await expect(refused).rejects.toBeInstanceOf(RuntimeError);
    await expect(refused).rejects.toMatchObject({
      code: 'ITEM_NOT_FOUND',
      details: { threadId: 'a', itemId: 'none' },
    });
  });

  it('throws CONNECTION_LOST when the connection ends before the answer', async () => {
    const gateway = await startGateway();
    const client = await open(gateway);
    gateway.runtime.onDispatch = () => new Promise(() => undefined);
    const command = { type: 'turn.retry' as const, threadId: 'a' };
    const call = client.call('orchestration.dispatchCommand', { commandId: 'c', command });
    await until(() => gateway.runtime.dispatched.length > 0);
    client.drop();
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  it('ends a connection that gives no answer', async () => {
    const gateway = await startGateway();
    const client = await open(gateway, { timeoutMs: 20 });
    gateway.runtime.onDispatch = () => new Promise(() => undefined);
    const command = { type: 'turn.retry' as const, threadId: 'a' };
    const call = client.call('orchestration.dispatchCommand', { commandId: 'c', command });
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    // on a busy machine the next answer may be late too
    const answers = (): Promise<boolean> =>
      client.call('server.info', {}).then(
        () => true,
        () => false,
      );
    await until(answers);
  });

  it('is rejected with CONNECTION_CLOSED after close', async () => {
    const client = await open(await startGateway());
    client.close();
    await expect(client.call('server.info', {})).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });
});

describe('a dispatch', () => {
  it('repeats a command whose answer was lost, with the same id: it takes effect once', async () => {
    const gateway = await startGateway();
    const { runtime } = gateway;
    runtime.create('a');
    const client = await open(gateway);
    let dropCount = 0;
    runtime.onDispatch = () => {
      dropCount += 1;
      client.drop();
      return undefined;
    };
    const result = await client.dispatch({ type: 'thread.setTitle', threadId: 'a', title: 'once' });
    expect(result).toMatchObject({ threadId: 'a', duplicate: true });
    expect(dropCount).toBe(1);
    expect(new Set(runtime.dispatched.map((each) => each.commandId)).size).toBe(1);
    const facts = runtime.thread('a').entries.flatMap((entry) => entry.facts);
    expect(facts.filter((fact) => fact.type === 'thread.titleSet')).toHaveLength(1);
  });

  it('goes on after the server was away', async () => {
    const gateway = await startGateway();
    gateway.runtime.create('a');
    const client = await open(gateway);
    client.drop();
    const dispatches = Array.from({ length: 20 }, (_, index) =>
      client.dispatch(
        { type: 'thread.setTitle', threadId: 'a', title: `t${index}` },
        { commandId: `c${index}` },
      ),
    );
    const results = await Promise.all(dispatches);
    expect(results.map((result) => result.sequence)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 2),
    );
  });

  it('throws a refusal, and does not repeat it', async () => {
    const gateway = await startGateway();
    gateway.runtime.onDispatch = () => Promise.reject(new RuntimeError('THREAD_BUSY', 'a turn runs'));
    const client = await open(gateway);
    const refused = client.dispatch({ type: 'turn.submit', threadId: 'a', text: 'hello' });
    await expect(refused).rejects.toMatchObject({ code: 'THREAD_BUSY', message: 'a turn runs' });
    expect(gateway.runtime.dispatched).toHaveLength(1);
  });

  it('throws PAYLOAD_TOO_LARGE instead of having its socket closed for ever', async () => {
    const client = await open(await startGateway());
    const command = { type: 'thread.setTitle' as const, threadId: 'a', title: 'é'.repeat(600_000) };
    await expect(client.dispatch(command)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    await client.call('server.info', {});
  });
});

describe('a followed thread', () => {
  it('tells when it is refused', async () => {
    const client = await open(await startGateway());
    const errors: string[] = [];
    client.subscribeThread('none', { onError: (error) => errors.push(error.code) });
    await until(() => errors.length > 0);
    expect(errors).toEqual(['THREAD_NOT_FOUND']);
  });

  it('calls nobody after its end', async () => {
    const gateway = await startGateway();
    gateway.runtime.create('a');
    const client = await open(gateway);
    let viewCount = 0;
    const following = client.subscribeThread('a', { onView: () => (viewCount += 1) });
    await until(() => viewCount === 1);
    following.end();
    await until(() => gateway.runtime.watched.size === 0);
    gateway.runtime.commit('a', itemStarted('i1'));
    client.drop();
    await client.call('server.info', {});
    expect(viewCount).toBe(1);
    expect(gateway.server.gateway.stats.subscriptionCount).toBe(0);
  });

  it('keeps a prefix of a text that is cut, and counts the rest', async () => {
    const gateway = await startGateway();
    const { runtime } = gateway;
    runtime.create('a');
    runtime.stage('a', itemStarted('i1')).stageDelta('a', 'i1', 'x'.repeat(100_000)).tick();
    const client = await open(gateway);
    const texts: string[] = [];
    client.subscribeThread('a', {
      onView: (view) => {
        const item = [...view.items.values()][0];
        if (item !== undefined) texts.push(`${item.text.length}/${item.truncated?.bytes}`);
      },
    });
    await until(() => texts.length === 1);
    runtime.stageDelta('a', 'i1', 'é').tick();
    runtime.commit('a', itemCompleted('i1', { text: 'short' }));
    runtime.commit('a', itemStarted('i1', { text: 'abc' }));
    runtime.stageDelta('a', 'i1', 'y'.repeat(70_000)).tick();
    await until(() => texts.length === 5);
    expect(texts).toEqual(['65536/100000', '65536/100002', '5/undefined', '3/undefined', '65539/70003']);
  });

  it('reads as fast as it can and is never told that it lags, however much comes', async () => {
    const gateway = await startGateway();
    const { runtime, server } = gateway;
    runtime.create('a');
    runtime.commit('a', itemStarted('i1'));
    const client = await open(gateway);
    let version = 0;
    client.subscribeThread('a', { onView: (view) => (version = view.version) });
    for (let index = 0; index < 600; index += 1) {
      runtime.stageDelta('a', 'i1', 'x'.repeat(20_000)).tick();
      await until(() => version >= index);
    }
    expect(server.gateway.stats.resyncs).toEqual({});
  });
});

describe('the followed shell', () => {
  it('holds the rows of the server, over reconnects', async () => {
    const gateway = await startGateway();
    const { runtime } = gateway;
    for (let index = 0; index < 30; index += 1) runtime.create(`t${index}`);
    const client = await open(gateway);
    let view: ShellView | null = null;
    let viewCount = 0;
    const threads = (): ShellView['threads'] | undefined => view?.threads;
    const following = client.subscribeShell({
      onView: (next) => {
        view = next;
        viewCount += 1;
      },
    });
    await until(() => threads()?.size === 30);
    for (let round = 0; round < 20; round += 1) {
      client.drop();
      runtime.create(`new${round}`);
      runtime.commit(`t${round}`, { type: 'thread.deleted' });
      runtime.commit(`t${round + 1}`, { type: 'thread.titleSet', title: `round ${round}` });
      const seenCount = viewCount;
      await until(() => viewCount > seenCount && threads()?.has(`new${round}` as never));
    }
    const { rows } = runtime.reads.listThreads({ limit: 1_000 });
    await until(() => threads()?.size === rows.length);
    expect(new Map(threads())).toEqual(new Map(rows.map((row) => [row.id, row])));
    expect(following.gapCount).toBe(0);
    expect(gateway.server.gateway.stats.resyncs).toEqual({});
  });
});
