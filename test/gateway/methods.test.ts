import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../../machines/domain/error.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { InstanceRow } from '../../machines/domain/instance.ts';
import { createToken } from '../../server/http/tokens.ts';
import type { Scope } from '../../server/gateway/scope.ts';
import { itemCompleted, itemStarted, statusChanged, turnBegan } from '../helpers/facts.ts';
import { startGateway, type StartedGateway } from '../helpers/start-gateway.ts';

const DISPATCH = 'orchestration.dispatchCommand';
const INSTANCE: InstanceRow = {
  instanceId: instanceIdSchema.parse('replay'),
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
};

function tokenWith({ dataFolder }: StartedGateway, ...scopes: Scope[]): string {
  return createToken(dataFolder, { name: scopes.join(), scopes, createdAt: 0 }).token;
}

describe('the methods', () => {
  it('tell version, protocol, epoch and machine hash', async () => {
    const client = await (await startGateway()).open();
    expect(await client.result('server.info')).toEqual({
      version: '0.1.0',
      protocol: 1,
      epoch: 'epoch-1',
      machineHash: 'fake-machines',
    });
  });

  it('list the provider instances', async () => {
    const { runtime, open } = await startGateway();
    runtime.stageInstance(INSTANCE).tick();
    const client = await open();
    expect(await client.result('providers.list', {})).toEqual({ providers: [INSTANCE], notices: [] });
    runtime.notices = ['port has changed'];
    expect(await client.result('providers.list', {})).toMatchObject({ notices: ['port has changed'] });
  });

  it('dispatch a command, tell a duplicate, and refuse another body under the same id', async () => {
    const { runtime, open } = await startGateway();
    const client = await open();
    const command = { type: 'thread.create', threadId: 'a', cwd: '/w', instanceId: 'replay' };
    const first = await client.result(DISPATCH, { commandId: 'c1', command });
    expect(first).toEqual({ sequence: 1, threadId: 'a', duplicate: false });
    expect(runtime.dispatched[0]?.command).toMatchObject({ title: '', runtimeMode: 'approval-required' });
    const again = await client.result(DISPATCH, { commandId: 'c1', command: { ...command, title: '' } });
    expect(again).toEqual({ ...first, duplicate: true });
    const other = { commandId: 'c1', command: { ...command, title: 'other' } };
    expect(await client.errorCode(DISPATCH, other)).toBe('COMMAND_CONFLICT');
  });

  it('take commands in the order of the calls', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const client = await open();
    const titles = Array.from({ length: 50 }, (_, index) => `title ${index}`);
    await Promise.all(
      titles.map((title, index) =>
        client.result(DISPATCH, {
          commandId: `c${index}`,
          command: { type: 'thread.setTitle', threadId: 'a', title },
        }),
      ),
    );
    expect(runtime.dispatched.map(({ command }) => 'title' in command && command.title)).toEqual(titles);
  });

  it('give the code and details of a refusal as an application error', async () => {
    const { runtime, open } = await startGateway();
    runtime.onDispatch = () =>
      Promise.reject(new RuntimeError('REQUEST_CLOSED', 'answered', { details: { outcome: 'expired' } }));
    const command = { type: 'turn.retry', threadId: 'a' };
    const { error } = await (await open()).ask(DISPATCH, { commandId: 'c', command });
    expect(error).toEqual({
      code: -32_000,
      message: 'answered',
      data: { code: 'REQUEST_CLOSED', details: { outcome: 'expired' } },
    });
  });

  it('say nothing of a defect but INTERNAL', async () => {
    const { runtime, open } = await startGateway();
    runtime.onDispatch = () => Promise.reject(new Error('secret path /home/me'));
    const command = { type: 'turn.retry', threadId: 'a' };
    const { error } = await (await open()).ask(DISPATCH, { commandId: 'c', command });
    expect(error).toMatchObject({ message: 'internal error', data: { code: 'INTERNAL' } });
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it('page the thread list', async () => {
    const { runtime, open } = await startGateway();
    for (let index = 0; index < 120; index += 1) runtime.create(`t${index}`);
    runtime.commit('t7', { type: 'thread.archived' });
    const client = await open();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const params: object = cursor === null ? { archived: false } : { archived: false, cursor };
      const page = await client.result('orchestration.listThreads', params);
      expect(page.threads.length).toBeLessThanOrEqual(50);
      seen.push(...page.threads.map((row) => row.id));
      cursor = page.next;
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(119);
    const archived = await client.result('orchestration.listThreads', { archived: true });
    expect(archived.threads.map((row) => row.id)).toEqual(['t7']);
    const found = await client.result('orchestration.listThreads', { query: 't11', limit: 2 });
    expect(found.threads).toHaveLength(2);
  });

  it('give a projection, page by page towards the past', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    for (let ordinal = 1; ordinal <= 120; ordinal += 1) {
      runtime.stage('a', itemCompleted(`i${ordinal}`, { ordinal, text: `text ${ordinal}` }));
    }
    runtime.tick();
    const client = await open();
    const method = 'orchestration.getThreadProjection';
    const newest = await client.result(method, { threadId: 'a' });
    expect(newest).toMatchObject({ epoch: 'epoch-1', sequence: 121, version: 121 });
    const ordinals = newest.snapshot.items.map((item) => item.ordinal);
    expect(ordinals).toEqual(Array.from({ length: 50 }, (_, index) => 71 + index));
    const older = await client.result(method, { threadId: 'a', before: 71, limit: 200 });
    expect(older.snapshot.items.map((item) => item.ordinal)).toEqual(
      ordinals.map((_, i) => i + 1).concat(Array.from({ length: 20 }, (_, index) => 51 + index)),
    );
    expect(await client.errorCode(method, { threadId: 'none' })).toBe('THREAD_NOT_FOUND');
    expect(await client.errorCode(method, { threadId: 'a', limit: 201 })).toBe('INVALID_PARAMS');
  });

  it('read an item in parts of UTF-16 code units', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    const text = `${'é'.repeat(70_000)}😀end`;
    runtime.stage('a', itemStarted('i1')).stageDelta('a', 'i1', text).tick();
    const client = await open();
    const read = (offset?: number, limit?: number) =>
      client.result('orchestration.getItem', { threadId: 'a', itemId: 'i1', offset, limit });
    const parts = [await read(), await read(65_536, 4_465), await read(70_001, 10), await read(80_000)];
    expect(parts.map((part) => part.text).join('')).toBe(text);
    expect(parts.map((part) => part.total)).toEqual(Array(4).fill(text.length));
    expect(parts[3]?.text).toBe('');
    const unknown = { threadId: 'a', itemId: 'i2' };
    expect(await client.errorCode('orchestration.getItem', unknown)).toBe('ITEM_NOT_FOUND');
  });

  it('read facts in pages of entries', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    runtime.stage('a', turnBegan('t1'), statusChanged('starting', 't1')).stage('a').tick();
    runtime.stage('a', itemStarted('i1')).stageDelta('a', 'i1', 'x').tick();
    const client = await open();
    const first = await client.result('orchestration.readEvents', { threadId: 'a', after: 1, limit: 2 });
    expect(first.events.map(({ version, fact }) => [version, fact.type])).toEqual([
      [2, 'turn.began'],
      [2, 'thread.statusChanged'],
    ]);
    expect(first.next).toBe(3);
    const rest = await client.result('orchestration.readEvents', { threadId: 'a', after: 3 });
    expect(rest.events.map(({ fact }) => fact.type)).toEqual(['item.started', 'item.delta']);
    expect(rest.next).toBeNull();
    expect(rest.inputs).toHaveLength(2);
    runtime.thread('a').prune(6);
    const pruned = await client.result('orchestration.readEvents', { threadId: 'a', after: 3 });
    expect(pruned).toMatchObject({ prunedBefore: 6, next: null });
  });

  it('give inputs to the scope admin only', async () => {
    const gateway = await startGateway();
    gateway.runtime.create('a');
    const reader = await gateway.open({ token: tokenWith(gateway, 'read') });
    const read = await reader.result('orchestration.readEvents', { threadId: 'a' });
    expect(read.events).toHaveLength(1);
    expect(read).not.toHaveProperty('inputs');
  });

  it('end a page of events before it is longer than a message', async () => {
    const { runtime, open } = await startGateway();
    runtime.create('a');
    for (let index = 1; index <= 40; index += 1) {
      runtime.stage('a', itemCompleted(`i${index}`, { ordinal: index, text: 'x'.repeat(60_000) }));
    }
    runtime.tick();
    const client = await open();
    const types: string[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const page: { events: { fact: { type: string } }[]; next: number | null } = await client.result(
        'orchestration.readEvents',
        { threadId: 'a', after },
      );
      types.push(...page.events.map(({ fact }) => fact.type));
      after = page.next;
    }
    expect(types).toHaveLength(41);
    expect(Math.max(...client.messages.map((message) => message.sizeBytes))).toBeLessThanOrEqual(1_048_576);
  });
});

describe('the scopes', () => {
  const dispatch = (type: string) => ({ commandId: `c-${type}`, command: { type, threadId: 'a' } });

  it.each([
    {
      scope: 'read',
      allowed: ['server.info', 'orchestration.listThreads'],
      refused: ['turn.retry', 'thread.delete'],
    },
    { scope: 'operate', allowed: ['turn.retry'], refused: ['server.info', 'thread.delete'] },
    { scope: 'admin', allowed: ['thread.delete'], refused: ['orchestration.listThreads', 'turn.retry'] },
  ] as const)('$scope allows $allowed and refuses $refused', async ({ scope, allowed, refused }) => {
    const gateway = await startGateway();
    gateway.runtime.create('a');
    const client = await gateway.open({ token: tokenWith(gateway, scope) });
    const ask = (name: string) =>
      /^(server|orch)/.test(name) ? client.errorCode(name) : client.errorCode(DISPATCH, dispatch(name));
    for (const name of refused) expect.soft(await ask(name), name).toBe('FORBIDDEN');
    for (const name of allowed) expect.soft(await ask(name), name).toBeUndefined();
  });

  it('are looked at before the parameters, so that nobody learns what he may not call', async () => {
    const gateway = await startGateway();
    const client = await gateway.open({ token: tokenWith(gateway, 'operate') });
    expect(await client.errorCode('orchestration.subscribeThread', { nonsense: 1 })).toBe('FORBIDDEN');
  });
});
