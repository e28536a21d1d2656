/** Commands that follow a thread while their line breaks, and come back to a journal whose pieces are gone. */
import { describe, expect, test } from 'vitest';
import { requestIdSchema, threadIdSchema } from '../../machines/domain/ids.ts';
import type { Client } from '../../server/client/client.ts';
import { EXIT_CODES } from '../../server/cli/exit-codes.ts';
import { CliRun } from '../helpers/cli-run.ts';
import { CuttingProxy } from '../helpers/cutting-proxy.ts';
import { requestOpened } from '../helpers/facts.ts';
import { startGateway } from '../helpers/start-gateway.ts';
import { startServer, type TestServer } from '../helpers/start-server.ts';
import { until } from '../helpers/until.ts';

const T1 = threadIdSchema.parse('t1');

interface Stage {
  readonly server: TestServer;
  readonly other: Client;
  readonly proxy: CuttingProxy;
  /** A command whose line this test can break. */
  readonly run: (argv: readonly string[], isTTY?: boolean) => CliRun;
}

async function startStage(): Promise<Stage> {
  const server = await startServer({ deltaRetentionMs: 0, deltaWindowMs: 0 });
  const proxy = await CuttingProxy.start(server.config.port);
  const other = await server.client();
  const place = { cwd: server.config.data, instanceId: 'scripted' };
  await other.dispatch({ type: 'thread.create', threadId: T1, ...place });
  const run = (argv: readonly string[], isTTY = false): CliRun =>
    new CliRun(server, argv, { url: proxy.url, isTTY });
  return { server, other, proxy, run };
}

/** The line is broken while `act` runs, until the streamed pieces are gone, and while `more` runs. */
async function whileAway(
  { server, proxy }: Stage,
  act: () => Promise<void>,
  more: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  proxy.break();
  await act();
  const { reads } = server.running().runtime;
  const read = () => reads.entries(T1, 0, { limit: 10_000, deltas: true });
  await until(() => read().prunedBefore !== null && read().entries.every(({ kind }) => kind !== 'delta'), {
    describe: () => `the pieces are gone: ${read().prunedBefore}`,
  });
  await more();
  proxy.mend();
}

async function settled(client: Client, turnCount: number): Promise<void> {
  await until(
    async () => {
      const { snapshot } = await client.call('orchestration.getThreadProjection', { threadId: T1 });
      return snapshot.turn?.ordinal === turnCount && snapshot.turn.endedAt !== null;
    },
    { describe: `turn ${turnCount} has ended` },
  );
}

async function openRequests(client: Client) {
  const { snapshot } = await client.call('orchestration.getThreadProjection', { threadId: T1 });
  return snapshot.requests;
}

async function answer(client: Client): Promise<void> {
  const [request] = await openRequests(client);
  await client.dispatch({
    type: 'request.respond',
    threadId: T1,
    requestId: request?.requestId ?? 'none',
    decision: 'accept',
  });
}

const submit = (client: Client, text: string, mode: 'start' | 'queue' = 'start') =>
  client.dispatch({ type: 'turn.submit', threadId: T1, text, mode });

describe('send, whose turn ends while its line is broken', () => {
  test('ends with it, and shows what was said meanwhile', async () => {
    const stage = await startStage();
    const run = stage.run(['send', 'before ask after', '--thread', T1]);
    await run.says('threadchart answer');
    await whileAway(stage, async () => {
      await answer(stage.other);
      await settled(stage.other, 1);
      await submit(stage.other, 'another');
      await settled(stage.other, 2);
    });
    expect(await run.code).toBe(EXIT_CODES.ok);
    expect(run.out).toMatch(/^before\nafter\n/);
  });

  test('gives each event to programs, but for pieces that are gone', async () => {
    const stage = await startStage();
    const run = stage.run(['send', 'before ask after', '--thread', T1, '--json']);
    await until(() => run.out.includes('request.opened'), { describe: () => run.out });
    await whileAway(stage, async () => {
      await answer(stage.other);
      await settled(stage.other, 1);
    });
    expect(await run.code).toBe(EXIT_CODES.ok);
    const versions = run.out.match(/"version":\d+/g) ?? [];
    const { events } = await stage.other.call('orchestration.readEvents', { threadId: T1 });
    const told = new Set(versions.map((each) => Number(each.slice('"version":'.length))));
    const first = Math.min(...told);
    const missed = events.filter(({ version }) => version > first && !told.has(version));
    expect(missed).toEqual([]);
  });

  test('fails with it', async () => {
    const stage = await startStage();
    const run = stage.run(['send', 'before ask fail', '--thread', T1]);
    await run.says('threadchart answer');
    await whileAway(stage, async () => {
      await answer(stage.other);
      await settled(stage.other, 1);
      await submit(stage.other, 'another');
      await settled(stage.other, 2);
    });
    expect(await run.code).toBe(EXIT_CODES.turnFailed);
    expect(run.err).toContain('[failed] the model failed');
  });

  test('takes back what somebody else has answered', async () => {
    const stage = await startStage();
    const run = stage.run(['send', 'before ask after', '--thread', T1], true);
    await run.says('[y]es');
    await whileAway(stage, async () => {
      await answer(stage.other);
      await settled(stage.other, 1);
    });
    expect(await run.code).toBe(EXIT_CODES.ok);
    expect(run.signalListenerCount).toBe(0);
  });
});

describe('send, whose prompt waits in the queue', () => {
  test('asks what was asked while its line was broken', async () => {
    const stage = await startStage();
    await submit(stage.other, 'hello ask more fail');
    const run = stage.run(['send', 'question done', '--thread', T1, '--mode', 'queue'], true);
    await run.says('[queued as');
    const endFirst = async (): Promise<void> => {
      await answer(stage.other);
      await settled(stage.other, 1);
    };
    const beginOwn = async (): Promise<void> => {
      await stage.other.dispatch({ type: 'queue.resume', threadId: T1 });
      await until(async () => (await openRequests(stage.other)).length === 1);
    };
    await whileAway(stage, endFirst, beginOwn);
    await run.says('Colour: ');
    run.type('blue');
    expect(await run.code).toBe(EXIT_CODES.ok);
  });

  test('ends when the prompt is taken out', async () => {
    const stage = await startStage();
    await submit(stage.other, 'hello wait');
    const run = stage.run(['send', 'later', '--thread', T1, '--mode', 'queue']);
    await run.says('[queued as');
    const [, queueEntryId = ''] = /queued as (\S+)\]/.exec(run.err) ?? [];
    await stage.other.dispatch({ type: 'queue.cancel', threadId: T1, queueEntryId });
    expect(await run.code).toBe(EXIT_CODES.turnFailed);
    expect(run.err).toContain('[cancelled] the prompt was taken out of the queue');
  });

  test('follows the turn that the prompt joins', async () => {
    const stage = await startStage();
    await submit(stage.other, 'hello wait');
    const run = stage.run(['send', 'later', '--thread', T1, '--mode', 'queue']);
    await run.says('[queued as');
    const [, queueEntryId = ''] = /queued as (\S+)\]/.exec(run.err) ?? [];
    await stage.other.dispatch({ type: 'queue.promote', threadId: T1, queueEntryId });
    expect(await run.code).toBe(EXIT_CODES.ok);
  });

  test('ends with the thread', async () => {
    const stage = await startStage();
    await submit(stage.other, 'hello wait');
    const run = stage.run(['send', 'later', '--thread', T1, '--mode', 'queue']);
    await run.says('[queued as');
    await stage.other.dispatch({ type: 'thread.delete', threadId: T1 });
    expect(await run.code).toBe(EXIT_CODES.refused);
    expect(run.err).toContain('(THREAD_DELETED)');
  });
});

test('send ends when the server does not let it in again', async () => {
  const stage = await startStage();
  const made = new CliRun(stage.server, ['token', 'create', 'a', '--scopes', 'read', 'operate', '--json']);
  expect(await made.code).toBe(EXIT_CODES.ok);
  const { token, tokenId } = JSON.parse(made.out) as { token: string; tokenId: string };
  const run = stage.run(['send', 'before wait', '--thread', T1, '--token', token]);
  await until(() => run.out.includes('before'), { describe: () => run.err });
  expect(await new CliRun(stage.server, ['token', 'revoke', tokenId]).code).toBe(EXIT_CODES.ok);
  stage.proxy.break();
  stage.proxy.mend();
  expect(await run.code).toBe(EXIT_CODES.unauthorized);
});

test('tail ends with its thread, and shows what was said while its line was broken', async () => {
  const stage = await startStage();
  const tail = stage.run(['tail', T1]);
  await until(() => tail.signalListenerCount > 0);
  await submit(stage.other, 'before ask after');
  await tail.says('threadchart answer');
  await whileAway(stage, async () => {
    await answer(stage.other);
    await settled(stage.other, 1);
  });
  await until(() => tail.out.includes('after'), { describe: () => tail.out });
  await stage.other.dispatch({ type: 'thread.delete', threadId: T1 });
  expect(await tail.code).toBe(EXIT_CODES.ok);
});

test('answer tells that the turn has ended before it looked', async () => {
  const { runtime, url, token } = await startGateway();
  runtime.create('a');
  runtime.commit('a', requestOpened('r1'));
  runtime.onDispatch = () => {
    runtime.commit('a', {
      type: 'request.closed',
      requestId: requestIdSchema.parse('r1'),
      outcome: 'expired',
    });
    return undefined;
  };
  const server = await startServer();
  const run = new CliRun(server, ['answer', 'a', 'r1', 'accept', '--token', token], { url });
  expect(await run.code).toBe(EXIT_CODES.refused);
  expect(run.err).toContain('(REQUEST_CLOSED)');
});
