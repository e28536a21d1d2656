/** The recordings that come with the package, through the server and its client: what a user without an agent sees. */
import { readdirSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codexDriver } from '../../adapters/codex/index.ts';
import { replayDriver } from '../../adapters/replay/index.ts';
import { configFileSchema } from '../../server/config.ts';
import { runCli } from '../../server/cli.ts';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { until } from '../helpers/until.ts';

const DEMO = configFileSchema.parse({}).instances.find(({ driver }) => driver === 'replay');
const FAST = { THREADCHART_REPLAY_SCALE: '0' };
const NOTICE = expect.stringMatching(/^this is a recording of codex 0\.169\.0/);

function start(first: readonly object[] = []): Promise<TestServer> {
  const instances = [...first, { ...DEMO, env: FAST }];
  return startServer({ instances }, [codexDriver, replayDriver({ drivers: [codexDriver] })]);
}

/** A thread on a scenario, in an empty folder that has to stay so. */
async function threadOn(server: TestServer, model: string): Promise<LiveThread> {
  const folder = makeTempFolder();
  const thread = await LiveThread.create(await server.client(), {
    cwd: folder.path,
    instanceId: 'demo',
    model,
  });
  onTestFinished(() => {
    expect(readdirSync(folder.path)).toEqual([]);
    folder.remove();
  });
  return thread;
}

const noticesOf = (thread: LiveThread): string[] =>
  thread
    .items('notice')
    .flatMap(({ body, text }) => (Reflect.get(body, 'topic') === 'recording' ? [text] : []));

describe('the demo', () => {
  it('is in the default configuration, and lists its scenarios as models', async () => {
    expect(DEMO).toMatchObject({ instanceId: 'demo', driver: 'replay', command: null });
    const server = await start();
    const thread = await threadOn(server, 'error');
    await thread.turn('hello');
    const { providers } = await thread.client.call('providers.list', {});
    const [demo] = providers.filter(({ instanceId }) => instanceId === 'demo');
    expect(demo).toMatchObject({ state: 'ready', account: { label: 'recordings: no agent runs' } });
    expect(demo?.models.map(({ id }) => id)).toEqual([
      'coding-task',
      'error',
      'interrupt',
      'plan',
      'question',
    ]);
    for (const { name } of demo?.models ?? []) expect(name.length).toBeGreaterThan(20);
  });

  it.each([
    ['accept', 'completed', 'the tests pass'],
    ['decline', 'completed', 'I have not run the tests'],
    ['cancel', 'interrupted', 'Now the tests'],
  ] as const)('plays the coding task, its approval answered with %s', async (decision, outcome, words) => {
    const thread = await threadOn(await start(), 'coding-task');
    const { turnId = '' } = await thread.submit('whatever');
    const { requestId, body } = await thread.request();
    expect(body).toMatchObject({ kind: 'command', command: expect.stringContaining('node --test') });
    await thread.do({ type: 'request.respond', requestId, decision });
    expect(await thread.ended(turnId)).toMatchObject({ outcome });
    await thread.reached(outcome === 'completed' ? 'ready' : 'interrupted');
    expect(thread.said).toContain(words);
    expect(noticesOf(thread)).toEqual([NOTICE]);
    expect(thread.view?.state?.plan?.steps).toHaveLength(3);
    expect(thread.items('file_change')).toMatchObject([{ status: 'completed' }]);
    await thread.expectSameView();
  });

  it.each(['node:test', 'vitest'])('plays the question, answered with %s', async (runner) => {
    const thread = await threadOn(await start(), 'question');
    const { turnId = '' } = await thread.submit('whatever');
    const { requestId, body } = await thread.request();
    const [question] = body.kind === 'question' ? body.questions : [];
    const answers = { [question?.questionId ?? '']: [runner] };
    await thread.do({ type: 'request.respond', requestId, answers });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    expect(thread.said).toContain(`for ${runner}`);
  });

  it('plays the plan and its implementation, and then says that it is over', async () => {
    const thread = await threadOn(await start(), 'plan');
    expect(await thread.turn('how')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('plan')).toMatchObject([{ text: expect.stringContaining('Let `sum` add') }]);
    expect(await thread.turn('do it')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('file_change')).toHaveLength(1);
    expect(await thread.turn('and now?')).toMatchObject({
      outcome: 'failed',
      failure: { code: 'RECORDING_OVER' },
    });
    await thread.reached('error');
  });

  it('plays the long answer until it is interrupted', async () => {
    const thread = await threadOn(await start(), 'interrupt');
    const { turnId = '' } = await thread.submit('whatever');
    await thread.until(() => thread.said.includes('somebody stopped it'), 'the story');
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted', reason: 'user' });
    await thread.reached('interrupted');
  });

  it('plays the error with its retries', async () => {
    const thread = await threadOn(await start(), 'error');
    const ended = await thread.turn('whatever');
    expect(ended).toMatchObject({ outcome: 'failed', failure: { retryable: true } });
    await thread.reached('error');
    expect(thread.items('notice').map(({ text }) => text)).toContainEqual(expect.stringContaining('2/2'));
  });

  it('can be interrupted anywhere, and plays again in a thread that was stopped', async () => {
    const thread = await threadOn(await start(), 'coding-task');
    const { turnId = '' } = await thread.submit('whatever');
    await thread.request();
    await thread.do({ type: 'turn.interrupt' });
    expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted' });
    await thread.reached('interrupted');
    await thread.do({ type: 'thread.stop' });
    await thread.reached('stopped');
    const { turnId: last = '' } = await thread.submit('from the beginning');
    const { requestId } = await thread.request();
    await thread.do({ type: 'request.respond', requestId, decision: 'accept' });
    expect(await thread.ended(last)).toMatchObject({ outcome: 'completed' });
  });
});

describe('send', () => {
  async function send(server: TestServer, ...argv: string[]) {
    let [out, err] = ['', ''];
    const streams = {
      stdout: { write: (text: string) => (out += text) },
      stderr: { write: (text: string) => (err += text) },
    };
    const args = [...argv, '--data', server.config.data, '--url', server.url];
    const code = runCli(args, { adapters: server.adapters, release: '1.2.3', streams });
    return { code, out: () => out, err: () => err };
  }

  it('shows the demo moving, and how to answer', async () => {
    const server = await start();
    const sent = await send(server, 'send', '--instance', 'demo', '--model', 'coding-task', 'hello');
    await until(() => sent.err().includes('threadchart answer'), { describe: () => sent.err() });
    const [, thread = '', request = ''] = /threadchart answer (\S+) (\S+)/.exec(sent.err()) ?? [];
    const answer = await send(server, 'answer', thread, request, 'accept');
    expect(await answer.code).toBe(EXIT_CODES.ok);
    expect(await sent.code).toBe(EXIT_CODES.ok);
    expect(sent.err()).toContain('this is a recording');
    expect(sent.out()).toContain('the tests pass');
  });

  it('tells who has no agent of the demo', async () => {
    const server = await start([{ instanceId: 'codex', driver: 'codex', command: '/nowhere/codex' }]);
    const sent = await send(server, 'send', 'hello');
    expect(await sent.code).toBe(EXIT_CODES.turnFailed);
    expect(sent.err()).toContain('threadchart send --instance demo hello');
  });
});
