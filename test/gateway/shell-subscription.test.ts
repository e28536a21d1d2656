import { describe, expect, it } from 'vitest';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import type { ShellFrame } from '../../server/gateway/frame.ts';
import { itemStarted, statusChanged } from '../helpers/facts.ts';
import type { RawClient } from '../helpers/raw-client.ts';
import { startGateway } from '../helpers/start-gateway.ts';
import { until } from '../helpers/until.ts';

const instance = (name: string): InstanceRow => ({
  instanceId: instanceIdSchema.parse(name),
  driver: 'replay',
  available: true,
  state: 'ready',
  capabilities: {
    interrupt: true,
    nativeSteer: true,
    images: true,
    planMode: true,
    resume: true,
    compact: true,
  },
  models: [],
  commands: [],
});

const short = (frame: ShellFrame): string => {
  if (frame.kind === 'thread') return `${frame.row.id}:${frame.row.title}`;
  if (frame.kind === 'removed') return `-${frame.threadId}`;
  return frame.kind === 'instance' ? `*${frame.row.instanceId}` : frame.kind;
};

async function synchronized(client: RawClient, id: string): Promise<ShellFrame[]> {
  await until(() => client.shellFrames(id).some((frame) => frame.kind === 'synchronized'));
  return client.shellFrames(id);
}

function expectChained(client: RawClient, subscriptionId: string, after: number): void {
  let position = after;
  for (const { params } of client.notifications(subscriptionId)) {
    expect(params?.after).toBe(position);
    for (const frame of params?.frames ?? []) if ('sequence' in frame) position = frame.sequence;
  }
}

describe('a shell subscription', () => {
  it('begins with all rows and instances, is synchronized, and goes on live', async () => {
    const { runtime, open } = await startGateway();
    for (const name of ['a', 'b', 'c']) runtime.create(name);
    runtime.commit('b', { type: 'thread.archived' });
    runtime.commit('c', { type: 'thread.deleted' });
    runtime.stageInstance(instance('codex')).tick();
    const client = await open();
    const id = await client.subscribe({});
    expect((await synchronized(client, id)).map(short)).toEqual(['a:a', 'b:b', '*codex', 'synchronized']);
    runtime.create('d');
    runtime.stage('a', { type: 'thread.titleSet', title: 'new' }).stageDelta('a', 'i', 'x').tick();
    runtime.stage('b', { type: 'thread.deleted' }).stageInstance(instance('claude')).tick();
    await until(() => client.shellFrames(id).length >= 8);
    expect(client.shellFrames(id).slice(4).map(short)).toEqual(['d:d', 'a:new', '-b', '*claude']);
    expectChained(client, id, 0);
  });

  it('sends nothing for a tick that changes no row', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    runtime.commit('a', itemStarted('i1'));
    const client = await open();
    const id = await client.subscribe({});
    await synchronized(client, id);
    const messageCount = client.notifications(id).length;
    runtime.stageDelta('a', 'i1', 'x').tick();
    runtime.create('b');
    await until(() => client.shellFrames(id).length >= 3);
    expect(client.notifications(id)).toHaveLength(messageCount + 1);
  });

  it('sends a long list in pages and misses nothing that changes meanwhile', async () => {
    const { runtime, open } = await startGateway({ limits: { shellPageCount: 5, sliceMs: 0 } });
    for (let index = 0; index < 200; index += 1) runtime.create(`t${index}`);
    const client = await open();
    const id = await client.subscribe({});
    for (let index = 0; index < 50; index += 1) {
      runtime.commit(`t${index * 4}`, { type: 'thread.titleSet', title: 'new' });
      if (index % 5 === 0) runtime.commit(`t${index * 4 + 1}`, { type: 'thread.deleted' });
      await until(() => client.shellFrames(id).length > index);
    }
    runtime.create('last');
    await until(() => client.shellFrames(id).some((frame) => short(frame) === 'last:last'));
    await synchronized(client, id);
    const titles = new Map<string, string>();
    for (const frame of client.shellFrames(id)) {
      if (frame.kind === 'thread') titles.set(frame.row.id, frame.row.title);
      if (frame.kind === 'removed') titles.delete(frame.threadId);
    }
    const { rows } = runtime.reads.listThreads({ limit: 1_000 });
    expect(titles).toEqual(new Map(rows.map((row) => [row.id, row.title])));
    expectChained(client, id, 0);
  });

  it('moves no cursor before it is synchronized: who leaves in between gets all again', async () => {
    const { runtime, open } = await startGateway({ limits: { shellPageCount: 2 } });
    for (let index = 0; index < 9; index += 1) runtime.create(`t${index}`);
    const client = await open();
    const id = await client.subscribe({});
    const frames = await synchronized(client, id);
    const sequences = frames.map((frame) => ('sequence' in frame ? frame.sequence : -1));
    expect(sequences).toEqual([...Array(9).fill(0), 9]);
  });

  it('resumes with the rows that changed', async () => {
    const { runtime, open } = await startGateway();
    for (const name of ['a', 'b', 'c', 'd']) runtime.create(name);
    runtime.commit('b', statusChanged('running', 't1'));
    runtime.commit('c', { type: 'thread.deleted' });
    const client = await open();
    const id = await client.subscribe({ afterSequence: 4, epoch: 'epoch-1' });
    const frames = await synchronized(client, id);
    expect(frames.map(short)).toEqual(['b:b', '-c', 'synchronized']);
    expect(frames.map((frame) => 'sequence' in frame && frame.sequence)).toEqual([4, 4, 6]);
    expectChained(client, id, 4);
  });

  it.each([
    ['unknown', { afterSequence: 1, epoch: 'x' }],
    ['ahead', { afterSequence: 9, epoch: 'epoch-2' }],
    ['rewound', { afterSequence: 2, epoch: 'epoch-1' }],
    ['pruned', { afterSequence: 0, epoch: 'epoch-1' }],
  ])('tells by resync that its cursor is %s', async (reason, cursor) => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    runtime.create('b');
    runtime.restart(1);
    runtime.changedFrom = 1;
    const client = await open();
    const id = await client.subscribe(cursor);
    const frames = await synchronized(client, id);
    expect(frames[0]).toEqual({ kind: 'resync', reason });
    expect(frames.at(-1)).toEqual({ kind: 'synchronized', epoch: 'epoch-2', sequence: 1 });
  });
});
