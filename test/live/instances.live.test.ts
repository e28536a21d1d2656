/** Two instances of the real codex side by side, and a configuration that changes while they work. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { InstanceId } from '../../machines/domain/ids.ts';
import { claudeBinary, codexBinary, requireAgent } from '../agents/agents.ts';
import { makeCodexHome, type CodexHome } from '../helpers/codex-home.ts';
import { LIVE_WAIT_MS, startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { until } from '../helpers/until.ts';
import { byUserText, replies, type Script } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';

const says = (content: string): Script => replies([[text(content)]]);
const reached = <T>(predicate: () => Promise<T>): Promise<NonNullable<T>> =>
  until(predicate, { timeoutMs: LIVE_WAIT_MS });

/** Tells the processes of the second instance from those of the first. */
const MARK = ['-c', 'hide_agent_reasoning=true'];

class Pair {
  readonly server: LiveServer;
  readonly work: CodexHome;

  constructor(server: LiveServer, work: CodexHome) {
    this.server = server;
    this.work = work;
  }

  /** Makes the second home and the entries of both instances. */
  static async start(script: Script, ofWork: Readonly<Record<string, unknown>> = {}): Promise<Pair> {
    const server = await startLiveServer(script, { config: { instances: [] } });
    const work = await makeCodexHome({ endpointUrl: server.endpoint.url });
    onTestFinished(() => work.remove());
    const pair = new Pair(server, work);
    await pair.save(pair.entry('codex'), pair.entry('codex-work', ofWork));
    return pair;
  }

  entry(instanceId: 'codex' | 'codex-work', more: Readonly<Record<string, unknown>> = {}) {
    const isWork = instanceId === 'codex-work';
    const { path, env } = isWork ? this.work : (this.server.home as CodexHome);
    const { CODEX_HOME: _, ...rest } = env;
    const args = isWork ? MARK : [];
    return { instanceId, driver: 'codex', command: codexBinary(), env: rest, home: path, args, ...more };
  }

  write(instances: readonly object[]): void {
    const path = join(this.server.data, 'config.json');
    writeFileSync(path, JSON.stringify({ drainMs: 0, deltaWindowMs: 0, instances }), { mode: 0o600 });
  }

  /** Resolves when the server lists these. */
  async save(...instances: readonly { readonly instanceId: string }[]): Promise<void> {
    this.write(instances);
    const names = instances.map(({ instanceId }) => instanceId).join();
    const client = await this.server.connect();
    await reached(async () => {
      const { providers } = await client.call('providers.list', {});
      return providers.map(({ instanceId }) => instanceId).join() === names;
    });
    client.close();
  }

  thread(instanceId: string): Promise<LiveThread> {
    return this.server.thread({ instanceId: instanceId as InstanceId });
  }

  /** Of the one process of an instance; for a moment a child that is being started looks like it. */
  pid(instanceId: 'codex' | 'codex-work'): Promise<number> {
    return reached(async () => {
      const [pid, ...others] = await this.pids(instanceId);
      return others.length === 0 ? pid : undefined;
    });
  }

  /** Of the codex processes of one instance. */
  async pids(instanceId: 'codex' | 'codex-work'): Promise<number[]> {
    const isWork = instanceId === 'codex-work';
    const found = await this.server.agentProcesses();
    return found.filter(({ command }) => command.includes(MARK[1] ?? '') === isWork).map(({ pid }) => pid);
  }

  async row(instanceId: string) {
    const client = await this.server.connect();
    const { providers } = await client.call('providers.list', {});
    client.close();
    return providers.find((row) => row.instanceId === instanceId);
  }
}

const sessionCount = ({ path }: CodexHome): number => {
  const folder = join(path, 'sessions');
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.jsonl')).length;
};

describe.skipIf(requireAgent('codex') === null)('two instances of codex', () => {
  it('have homes, processes, models and protocol logs of their own', async () => {
    const script = byUserText({ one: says('first'), two: says('second') });
    const pair = await Pair.start(script, { model: 'gpt-5.4' });
    const { server } = pair;
    const [left, right] = [await pair.thread('codex'), await pair.thread('codex-work')];
    expect(await left.turn('one')).toMatchObject({ outcome: 'completed' });
    expect(await right.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(await pair.pid('codex')).not.toBe(await pair.pid('codex-work'));
    expect([sessionCount(server.home as CodexHome), sessionCount(pair.work)]).toEqual([1, 1]);
    expect(server.endpoint.requests.map(({ model }) => model)).toEqual(['gpt-5.5', 'gpt-5.4']);
    const logs = readdirSync(join(server.data, 'logs')).toSorted();
    expect(logs).toEqual(['codex-work.1.ndjson', 'codex.1.ndjson']);
    for (const name of ['codex', 'codex-work']) {
      expect(await pair.row(name)).toMatchObject({ state: 'ready', version: '0.169.0', available: true });
    }
  });

  it('change in the middle of a turn: it ends on its own process, the next has the new one, the other keeps its', async () => {
    const pair = await Pair.start(
      byUserText({
        one: says('first'),
        long: replies([[text('begins '), gate('long'), text('ends')]]),
        again: says('again'),
        other: replies([[text('other')]]),
        more: says('more'),
      }),
    );
    const { server } = pair;
    const [left, right] = [await pair.thread('codex'), await pair.thread('codex-work')];
    await left.turn('other');
    await right.turn('one');
    const before = [await pair.pid('codex'), await pair.pid('codex-work')];
    const { turnId = '' } = await right.submit('long');
    await right.until(() => right.said.endsWith('begins '), 'the first half');
    pair.write([pair.entry('codex'), pair.entry('codex-work', { model: 'gpt-5.4' })]);
    await reached(async () => (await pair.row('codex-work'))?.reason !== undefined);
    expect(right.status).toBe('running');
    expect(await pair.pid('codex-work')).toBe(before[1]);
    server.endpoint.gate('long').release();
    expect(await right.ended(turnId)).toMatchObject({ outcome: 'completed', failure: null });
    await reached(async () => (await pair.pids('codex-work')).length === 0);
    await right.reached('ready');
    expect(await right.turn('again')).toMatchObject({ outcome: 'completed' });
    await left.turn('more');
    expect(await pair.pid('codex')).toBe(before[0]);
    expect(await pair.pid('codex-work')).not.toBe(before[1]);
    const request = server.endpoint.requests.find(({ userText }) => userText.trim() === 'again');
    expect(request?.model).toBe('gpt-5.4');
    const shown = JSON.stringify(request?.input);
    expect(['one', 'first', 'long', 'begins '].filter((known) => !shown.includes(`"${known}"`))).toEqual([]);
    await right.expectSameView();
    await right.expectEveryEventOnce();
  });

  it('go and come back: threads are read meanwhile, and go on afterwards', async () => {
    const pair = await Pair.start(byUserText({ one: says('first'), two: says('second') }));
    const { server } = pair;
    const thread = await pair.thread('codex-work');
    await thread.turn('one');
    await pair.save(pair.entry('codex'));
    await reached(async () => (await server.agentProcesses()).length === 0);
    await expect(thread.submit('two')).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
    await thread.expectSameView();
    pair.write([pair.entry('codex'), pair.entry('codex-work', { enabled: false })]);
    server.process.send('SIGHUP');
    await reached(async () => (await pair.row('codex-work'))?.reason === 'disabled');
    await expect(thread.submit('two')).rejects.toMatchObject({ code: 'INSTANCE_UNAVAILABLE' });
    writeFileSync(join(server.data, 'config.json'), '{"instances": [{"instanceId": "co');
    server.process.send('SIGHUP');
    const client = await server.connect();
    await reached(async () => (await client.call('providers.list', {})).notices.length === 1);
    expect((await pair.row('codex-work'))?.reason).toBe('disabled');
    pair.write([pair.entry('codex'), pair.entry('codex-work')]);
    await reached(async () => (await pair.row('codex-work'))?.available === true);
    expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(server.endpoint.requests.at(-1)?.input)).toContain('first');
  });
});

describe.skipIf(requireAgent('claude') === null)('an instance of claude', () => {
  it('has a home and a model of its own, and is changed between two turns of a conversation', async () => {
    const script = byUserText({
      long: replies([[text('begins '), gate('long'), text('ends')]]),
      again: says('again'),
    });
    const server = await startLiveServer(script, { claude: {} });
    const { CLAUDE_CONFIG_DIR: home = '', ...env } = server.home.env;
    const entry = { instanceId: 'claude', driver: 'claude', command: claudeBinary(), env, home };
    const write = (more: object): void =>
      writeFileSync(join(server.data, 'config.json'), JSON.stringify({ instances: [{ ...entry, ...more }] }));
    const client = await server.connect();
    const reason = async () => (await client.call('providers.list', {})).providers[0]?.reason;
    const thread = await server.thread({ client });
    const { turnId = '' } = await thread.submit('long');
    await thread.until(() => thread.said === 'begins ', 'the first half');
    const [before] = await server.agentProcesses();
    write({ model: 'haiku' });
    await reached(async () => (await reason()) !== undefined);
    expect((await server.agentProcesses()).map(({ pid }) => pid)).toEqual([before?.pid]);
    server.endpoint.gate('long').release();
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    await reached(async () => (await reason()) === undefined);
    expect(await thread.turn('again')).toMatchObject({ outcome: 'completed' });
    const [first, second] = server.endpoint.requests;
    expect(first?.model).not.toContain('haiku');
    expect(second?.model).toContain('haiku');
    expect(JSON.stringify(second?.raw['messages'])).toContain('long');
  });
});
