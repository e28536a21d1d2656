/** The configuration file changes under a whole server, as its clients see it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InstanceId } from '../../machines/domain/ids.ts';
import type { Client } from '../../server/client/client.ts';
import type { ThreadView } from '../../server/client/thread-view.ts';
import { RawClient } from '../helpers/raw-client.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';

const scripted = (instanceId: string, more = {}) => ({ instanceId, driver: 'scripted', ...more });

/** Each word that the shell was told of an instance, in order. */
async function followShell({ url, token }: TestServer) {
  const client = await RawClient.open(url, { token });
  const id = await client.subscribe({});
  const rows = () =>
    client.shellFrames(id).flatMap((frame) => (frame.kind === 'instance' ? [frame.row] : []));
  await until(() => client.shellFrames(id).some((frame) => frame.kind === 'synchronized'));
  return rows;
}

async function createThread(client: Client, server: TestServer, instanceId: string) {
  const cwd = server.config.data;
  const { threadId } = await client.dispatch({
    type: 'thread.create',
    cwd,
    instanceId: instanceId as InstanceId,
  });
  return threadId;
}

test('every change of an instance is a frame of the shell', async () => {
  const server = await startServer();
  const rows = await followShell(server);
  const last = (name: string) => rows().findLast((row) => row.instanceId === name);
  const three = [scripted('scripted'), scripted('added'), scripted('off', { enabled: false })];
  server.saveInstances(three, { isToldOf: false });
  await until(() => last('off')?.reason === 'disabled');
  expect(last('added')).toMatchObject({ available: true, state: 'unchecked' });
  expect(last('off')).toMatchObject({ available: false, state: 'unavailable' });
  server.saveInstances([scripted('scripted'), scripted('off')]);
  await until(() => last('off')?.available === true && last('added')?.removed === true);
  expect(last('added')).toMatchObject({ removed: true, available: false });
  const client = await server.client();
  const { providers, notices } = await client.call('providers.list', {});
  expect(providers.map((row) => row.instanceId)).toEqual(['scripted', 'off']);
  expect(notices).toEqual([]);
});

test('a bad entry is listed with its reason, and a broken file changes nothing and is told', async () => {
  const server = await startServer();
  const client = await server.client();
  server.saveInstances([
    scripted('scripted'),
    { instanceId: 'bad', driver: 'scripted', cmd: 'x' },
    scripted('scripted'),
  ]);
  const list = () => client.call('providers.list', {});
  await until(async () => (await list()).providers.length === 3);
  expect((await list()).providers.slice(1)).toMatchObject([
    { instanceId: 'bad', available: false, reason: expect.stringContaining('cmd') },
    {
      instanceId: 'scripted-3',
      available: false,
      reason: expect.stringContaining('another one is called scripted'),
    },
  ]);
  server.saveInstances(7 as never);
  await until(async () => (await list()).notices.length === 1);
  expect((await list()).providers).toHaveLength(3);
  expect((await list()).notices[0]).toContain('instances');
  server.saveInstances([scripted('scripted')]);
  await until(async () => (await list()).notices.length === 0 && (await list()).providers.length === 1);
});

test('a thread of an instance that is taken out refuses prompts, is read, and works when it is back', async () => {
  const server = await startServer({ instances: [scripted('scripted'), scripted('other')] });
  const client = await server.client();
  const rows = await followShell(server);
  const threadId = await createThread(client, server, 'other');
  await client.dispatch({ type: 'turn.submit', threadId, text: 'one' });
  const isReady = async () =>
    (await client.call('orchestration.getThreadProjection', { threadId, limit: 10 })).snapshot.turn
      ?.status === 'completed';
  await until(isReady);
  server.saveInstances([scripted('scripted')]);
  await until(() => rows().some((row) => row.removed));
  await expect(client.dispatch({ type: 'turn.submit', threadId, text: 'two' })).rejects.toMatchObject({
    code: 'INSTANCE_NOT_FOUND',
    details: { instanceId: 'other' },
  });
  const { snapshot } = await client.call('orchestration.getThreadProjection', { threadId, limit: 10 });
  expect(snapshot.items.length).toBeGreaterThan(1);
  server.saveInstances([scripted('scripted'), scripted('other')]);
  await until(() => rows().at(-1)?.removed === undefined);
  await client.dispatch({ type: 'turn.submit', threadId, text: 'two' });
  await until(isReady);
});

test('who comes back with a cursor learns what was taken out meanwhile, over a restart too', async () => {
  const server = await startServer({ instances: [scripted('scripted'), scripted('other')] });
  const [client, witness] = [await server.client(), await server.client()];
  let names: string[] = [];
  client.subscribeShell({ onView: ({ instances }) => void (names = [...instances.keys()]) });
  await until(() => names.length === 2);
  client.drop();
  server.saveInstances([scripted('scripted')]);
  await until(async () => (await witness.call('providers.list', {})).providers.length === 1);
  await server.restart();
  await until(() => names.join() === 'scripted');
});

test('protocol logs come with their instances, and none where they are off', async () => {
  const server = await startServer({ protocolLog: false });
  const logs = () => readdirSync(server.config.data).filter((name) => name === 'logs');
  server.saveInstances([scripted('scripted'), scripted('added')]);
  const client = await server.client();
  await until(async () => (await client.call('providers.list', {})).providers.length === 2);
  expect(logs().flatMap((name) => readdirSync(join(server.config.data, name)))).toEqual([]);
});

test('what can be done with a thread says that its instance is out of service, and that it is back', async () => {
  const server = await startServer({ instances: [scripted('scripted'), scripted('other')] });
  const client = await server.client();
  const [fresh, used] = [
    await createThread(client, server, 'other'),
    await createThread(client, server, 'other'),
  ];
  const views = new Map<string, ThreadView>();
  for (const threadId of [fresh, used]) {
    client.subscribeThread(threadId, { onView: (view) => void views.set(threadId, view) });
  }
  await client.dispatch({ type: 'turn.submit', threadId: used, text: 'one' });
  const codes = () => [fresh, used].map((threadId) => views.get(threadId)?.machine?.barred?.code ?? null);
  const canBegin = () =>
    [fresh, used].map((threadId) => views.get(threadId)?.machine?.can.includes('turn.submit:start') ?? null);
  await until(() => canBegin().every((can) => can === true));
  expect(codes()).toEqual([null, null]);

  server.saveInstances([scripted('scripted')]);
  await until(() => codes().every((code) => code === 'INSTANCE_NOT_FOUND'));
  expect(canBegin()).toEqual([false, false]);
  expect(views.get(fresh)?.machine?.can).toContain('thread.archive');
  const { snapshot } = await client.call('orchestration.getThreadProjection', { threadId: fresh, limit: 1 });
  expect(snapshot.machine).toEqual(views.get(fresh)?.machine);

  server.saveInstances([scripted('scripted'), scripted('other', { enabled: false })]);
  await until(() => codes().every((code) => code === 'INSTANCE_UNAVAILABLE'));
  server.saveInstances([scripted('scripted'), scripted('other')]);
  await until(() => codes().every((code) => code === null));
  expect(canBegin()).toEqual([true, true]);
  await client.dispatch({ type: 'turn.submit', threadId: fresh, text: 'two' });
  await until(() => views.get(fresh)?.turns.size === 1);
});
