import type { AddressInfo } from 'node:net';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { InspectionRelay, inspectorUrl } from '../../server/inspection-relay.ts';
import { startServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';

/** What stands between programs and Stately's page: everybody hears what the others say. */
async function startInspector(port = 0): Promise<{ url: string; clients: Set<WebSocket>; end: () => void }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  await until(() => server.address() !== null);
  server.on('connection', (client) =>
    client.on('message', (data) => {
      for (const other of server.clients) if (other !== client) other.send(String(data as Buffer));
    }),
  );
  const end = (): void => {
    for (const client of server.clients) client.terminate();
    server.close();
  };
  onTestFinished(end);
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, clients: server.clients, end };
}

/** Stately's own receiver. */
async function startReceiver(inspector: { url: string; clients: Set<WebSocket> }) {
  const seen: StatelyInspectionEvent[] = [];
  const { size } = inspector.clients;
  createWebSocketReceiver({ server: inspector.url }).subscribe((event) => void seen.push(event));
  await until(() => inspector.clients.size > size);
  return seen;
}

const namesOf = (seen: readonly StatelyInspectionEvent[]): string[] =>
  seen.map((event) => {
    const what = event.type === '@xstate.actor' ? 'begins' : event.event.type;
    return `${event.type.slice('@xstate.'.length)} ${event.sessionId} ${what}`;
  });

describe("the relay to Stately's inspector", () => {
  test('shows the actors of a thread, their events and states, with their charts', async () => {
    const inspector = await startInspector();
    const seen = await startReceiver(inspector);
    const server = await startServer();
    const relay = new InspectionRelay(server.running().runtime, inspector.url);
    onTestFinished(() => relay.end());
    await until(() => inspector.clients.size === 2);
    const client = await server.client();
    const place = { cwd: server.config.data, instanceId: 'scripted' };
    await client.dispatch({ type: 'thread.create', threadId: 't1', ...place });
    await client.dispatch({ type: 'turn.submit', threadId: 't1', text: 'hi' });
    await until(() => namesOf(seen).includes('snapshot t1/turn turn.settled'), {
      describe: () => namesOf(seen).join('; '),
    });
    expect(namesOf(seen)).toEqual(
      expect.arrayContaining([
        'actor t1 begins',
        'event t1 turn.submit',
        'actor t1/connection begins',
        'actor t1/turn begins',
        'snapshot t1/connection connection.opened',
      ]),
    );
    const root = seen.find((event) => event.type === '@xstate.actor' && event.sessionId === 't1');
    expect(root).toMatchObject({ name: 'thread', snapshot: { value: { unbound: 'ready' } } });
    const turn = seen.find((event) => event.type === '@xstate.actor' && event.sessionId === 't1/turn');
    expect(turn).toMatchObject({ name: 'turn', parentId: 't1', snapshot: { value: 'waiting' } });
    const { states } = JSON.parse((root as { definition: string }).definition) as { states: object };
    expect(Object.keys(states)).toContain('bound');
    expect(seen).toContainEqual(
      expect.objectContaining({
        type: '@xstate.snapshot',
        sessionId: 't1',
        snapshot: { status: 'active', value: { bound: { working: 'running' } } },
      }),
    );
  });

  test('shows everything again to an inspector that comes back, and lets the threads go when it ends', async () => {
    const inspector = await startInspector();
    const server = await startServer();
    const { runtime } = server.running();
    const relay = new InspectionRelay(runtime, inspector.url);
    const client = await server.client();
    const place = { cwd: server.config.data, instanceId: 'scripted' };
    const { threadId } = await client.dispatch({ type: 'thread.create', threadId: 't1', ...place });
    const inspectorOf = () => runtime.threads.peek(threadId)?.inspector ?? null;
    await until(() => inspectorOf() !== null);
    inspector.end();
    const again = await startInspector(Number(new URL(inspector.url).port));
    const seen = await startReceiver(again);
    await until(() => namesOf(seen).includes('actor t1 begins'));
    relay.end();
    expect(inspectorOf()).toBeNull();
  });

  test.each(['http://localhost:8080', 'ws://example.com:8080', 'wss://localhost', 'nowhere'])(
    'goes nowhere but to this machine: not to %s',
    (url) => {
      expect(() => inspectorUrl(url)).toThrow(/no ws:\/\/ address of this machine/);
    },
  );
});
