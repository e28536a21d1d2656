import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RuntimeError } from '../../../../machines/domain/error.ts';
import { Client } from '../../../../server/client/client.ts';
import type { Socket, SocketEvents } from '../../../../server/client/socket.ts';
import { until } from '../../../helpers/until.ts';

interface Sent {
  readonly id?: number;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** A server in the same process that says only what it is told to. */
class ScriptedServer {
  readonly sent: Sent[] = [];
  readonly sockets: SocketEvents[] = [];
  #subscriptionNumber = 0;

  readonly openSocket = (events: SocketEvents): Socket => {
    this.sockets.push(events);
    queueMicrotask(() => events.onOpen());
    return { send: (text) => this.#take(JSON.parse(text) as Sent), close: () => undefined };
  };

  #take(request: Sent): void {
    this.sent.push(request);
    if (request.method === 'server.info') this.#answer(request, { epoch: 'e1', protocol: 1 });
    if (!request.method.startsWith('orchestration.subscribe')) return;
    this.#subscriptionNumber += 1;
    this.#answer(request, { subscriptionId: `s${this.#subscriptionNumber}` });
  }

  #answer({ id }: Sent, result: unknown): void {
    this.say({ jsonrpc: '2.0', id, result });
  }

  say(message: unknown): void {
    this.sockets.at(-1)?.onMessage(JSON.stringify(message));
  }

  notify(subscriptionId: string, after: number, frames: unknown[]): void {
    this.say({ jsonrpc: '2.0', method: 'orchestration.thread', params: { subscriptionId, after, frames } });
  }

  requests(method: string): Sent[] {
    return this.sent.filter((each) => each.method === method);
  }
}

const event = (version: number): object => ({
  kind: 'event',
  sequence: version * 10,
  version,
  at: 0,
  fact: { type: 'thread.titleSet', title: `title ${version}` },
});

async function followed() {
  const server = new ScriptedServer();
  const client = new Client({ openSocket: server.openSocket, backoff: { baseMs: 0, mostMs: 0 } });
  await client.whenOpen();
  const versions: number[] = [];
  const resyncs: string[] = [];
  const following = client.subscribeThread('a', {
    onEvent: ({ version }) => versions.push(version),
    onResync: (reason) => resyncs.push(reason),
  });
  return { server, client, versions, resyncs, following };
}

const SUBSCRIBE = 'orchestration.subscribeThread';

describe('a follower', () => {
  it('subscribes again from its cursor when a message does not continue the last one', async () => {
    const { server, versions, following } = await followed();
    server.notify('s1', 0, [event(1), event(2)]);
    server.notify('s1', 3, [event(4)]);
    expect(versions).toEqual([1, 2]);
    expect(following.gapCount).toBe(1);
    expect(server.requests('orchestration.unsubscribe').map((each) => each.params)).toEqual([
      { subscriptionId: 's1' },
    ]);
    expect(server.requests(SUBSCRIBE).at(-1)?.params).toEqual({
      threadId: 'a',
      deltas: true,
      afterSequence: 20,
      epoch: 'e1',
    });
    server.notify('s1', 4, [event(5)]);
    server.notify('s2', 2, [event(3), event(4)]);
    expect(versions).toEqual([1, 2, 3, 4]);
  });

  it('resumes from the last frame after the line broke', async () => {
    const { server, versions } = await followed();
    server.notify('s1', 0, [event(1)]);
    server.notify('s1', 1, [{ kind: 'synchronized', epoch: 'e1', sequence: 99 }]);
    server.sockets.at(-1)?.onClose({ code: 1006, refusal: null });
    await until(() => server.requests(SUBSCRIBE).length === 2);
    expect(server.requests(SUBSCRIBE).at(-1)?.params).toMatchObject({ afterSequence: 99, epoch: 'e1' });
    server.notify('s2', 1, [event(2)]);
    expect(versions).toEqual([1, 2]);
  });

  it('takes a resync for a new beginning, without a cursor until the snapshot', async () => {
    const { server, resyncs, following } = await followed();
    server.notify('s1', 0, [event(5)]);
    server.notify('s1', 0, [{ kind: 'resync', reason: 'lagging' }]);
    expect(resyncs).toEqual(['lagging']);
    expect(following.gapCount).toBe(0);
    server.sockets.at(-1)?.onClose({ code: 1006, refusal: null });
    await until(() => server.requests(SUBSCRIBE).length === 2);
    expect(server.requests(SUBSCRIBE).at(-1)?.params).toEqual({ threadId: 'a', deltas: true });
  });

  it('ignores kinds of frames and fields that it does not know', async () => {
    const { server, versions } = await followed();
    server.notify('s1', 0, [{ kind: 'weather', sequence: 10, version: 1, sun: true }, event(2)]);
    server.notify('s1', 2, [{ ...event(3), more: 1 }]);
    expect(versions).toEqual([2, 3]);
  });

  it('acknowledges what it has handled from time to time', async () => {
    const { server } = await followed();
    for (let version = 1; version <= 40; version += 1) {
      server.notify('s1', version - 1, [{ ...event(version), padding: 'x'.repeat(8_000) }]);
    }
    const acknowledged = server.requests('orchestration.acknowledge');
    expect(acknowledged.length).toBeGreaterThanOrEqual(4);
    expect(acknowledged[0]).not.toHaveProperty('id');
    expect(acknowledged.at(-1)?.params).toMatchObject({ subscriptionId: 's1' });
  });

  it.each(['RATE_LIMITED', 'SHUTTING_DOWN', 'STORE_UNAVAILABLE'])(
    'tries again later after %s',
    async (code) => {
      const server = new ScriptedServer();
      let refusals = 0;
      const openSocket = (events: SocketEvents): Socket => {
        const socket = server.openSocket(events);
        return {
          ...socket,
          send: (text) => {
            const { id, method } = JSON.parse(text) as Sent;
            if (method !== SUBSCRIBE || refusals === 1) return socket.send(text);
            refusals += 1;
            const data = { code, details: {} };
            server.say({ jsonrpc: '2.0', id, error: { code: -32_000, message: 'not now', data } });
          },
        };
      };
      const client = new Client({ openSocket });
      await client.whenOpen();
      client.subscribeThread('a', {});
      await until(() => server.requests(SUBSCRIBE).length === 1);
      expect(refusals).toBe(1);
    },
  );
});

describe('a link', () => {
  it.each([
    ['SHUTTING_DOWN', true],
    ['FORBIDDEN', false],
  ])('greeted with %s tries again: %s', async (code, comesBack) => {
    const server = new ScriptedServer();
    const openSocket = (events: SocketEvents): Socket => {
      const socket = server.openSocket(events);
      if (server.sockets.length > 1) return socket;
      const send = (text: string): void => {
        const { id } = JSON.parse(text) as Sent;
        server.say({ jsonrpc: '2.0', id, error: { code: -32_000, message: 'no', data: { code } } });
      };
      return { ...socket, send };
    };
    const client = new Client({ openSocket, backoff: { baseMs: 0, mostMs: 0 } });
    const outcome = await client.whenOpen().then(
      () => null,
      (error: RuntimeError) => error.code,
    );
    expect(outcome).toBe(comesBack ? null : code);
    expect(server.sockets).toHaveLength(comesBack ? 2 : 1);
  });

  it('waits longer after each try that failed, at random up to a bound', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => timers.mockRestore());
    const randoms = [1, 1, 1, 1, 0.5];
    let openCount = 0;
    const client = new Client({
      backoff: { baseMs: 1, mostMs: 4 },
      random: () => randoms.shift() ?? 0,
      openSocket: (events) => {
        openCount += 1;
        if (openCount < 6) queueMicrotask(() => events.onClose({ code: 1006, refusal: null }));
        return { send: () => undefined, close: () => undefined };
      },
    });
    await until(() => openCount === 6);
    client.close();
    expect(timers.mock.calls.map(([, delayMs]) => delayMs).slice(0, 5)).toEqual([1, 2, 4, 4, 2]);
  });

  it('tries no more after 4401', async () => {
    let openCount = 0;
    const client = new Client({
      openSocket: (events) => {
        openCount += 1;
        queueMicrotask(() => events.onClose({ code: 4401, refusal: null }));
        return { send: () => undefined, close: () => undefined };
      },
    });
    await expect(client.whenOpen()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(client.call('server.info', {})).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(openCount).toBe(1);
  });
});
