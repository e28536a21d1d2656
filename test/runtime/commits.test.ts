import { describe, expect, test } from 'vitest';
import { RuntimeError } from '../../machines/domain/error.ts';
import { startThread, type ServerRuns } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

/** Every commit fails until the returned function is called. */
function breakStore(server: ServerRuns): () => void {
  const { journal } = server;
  const commit = journal.commit.bind(journal);
  journal.commit = () => {
    throw new RuntimeError('STORE_UNAVAILABLE', 'planned: the disk is full');
  };
  return () => {
    journal.commit = commit;
  };
}

const typesOf = (run: RuntimeRun): string[] => run.entries().map((entry) => entry.input.type);

describe('a commit that fails', () => {
  test('refuses its commands, and their ids stay free', async () => {
    const { server, run } = await startThread();
    server.store.failNextCommit = 'before';
    const command = { type: 'thread.setTitle', title: 'a' };
    expect(await run.refusal(command, 'c1')).toBe('STORE_UNAVAILABLE');
    expect(run.snapshot().thread.title).toBe('');
    expect(run.runtime.isReady()).toBe(false);
    run.pass(250);
    expect(run.runtime.isReady()).toBe(true);
    expect(await run.do(command, 'c1')).toMatchObject({ duplicate: false });
    expect(run.snapshot().thread.title).toBe('a');
  });

  test('answers its commands if it was made after all', async () => {
    const { server, run } = await startThread();
    server.store.failNextCommit = 'after';
    const result = await run.do({ type: 'thread.setTitle', title: 'a' }, 'c1');
    expect(result.duplicate).toBe(false);
    expect(run.runtime.isReady()).toBe(true);
    expect(run.ticks.at(-1)?.threads[0]?.row?.title).toBe('a');
    expect(await run.do({ type: 'thread.setTitle', title: 'a' }, 'c1')).toEqual({
      ...result,
      duplicate: true,
    });
    expect(run.runtime.figures).toMatchObject({ failedCommits: 1 });
  });

  test.each(['before', 'after'] as const)('(%s) keeps what the provider said, in its order', async (how) => {
    const { server, run } = await startThread();
    const undisturbed = await startThread();
    await undisturbed.run.submit('long ask2 wait');
    const sent = run.send({ type: 'turn.submit', text: 'long ask2 wait' });
    for (let count = 0; run.tick() || run.world.deliver(); count += 1) {
      if (count % 7 === 3) server.store.failNextCommit = how;
      if (run.runtime.isReady()) continue;
      run.clock.advance(250);
    }
    run.pass(250);
    expect(await sent).toHaveProperty('result');
    expect(typesOf(run)).toEqual(typesOf(undisturbed.run));
    expect(run.snapshot().items.map((item) => item.text)).toEqual(
      undisturbed.run.snapshot().items.map((item) => item.text),
    );
    expect(run.runtime.figures['failedCommits']).toBeGreaterThan(2);
  });

  test('performs nothing and shows nothing of it', async () => {
    const { server, run } = await startThread();
    const performed = run.world.performed.length;
    const ticks = run.ticks.length;
    server.store.failNextCommit = 'before';
    await run.refusal({ type: 'turn.submit', text: 'hi' });
    expect(run.world.performed.length).toBe(performed);
    expect(run.ticks.length).toBe(ticks);
    expect(run.status).toBe('ready');
    expect(run.runtime.reads.machineState(run.snapshot().thread.id).status).toBe('ready');
  });

  test('loads every thread again, so that deadlines still fire', async () => {
    const { server, run } = await startThread();
    await run.create({ threadId: 't2' });
    await run.submit('unanswered');
    server.store.failNextCommit = 'before';
    await run.refusal({ type: 'thread.setTitle', title: 'x', threadId: 't2' });
    run.pass(250);
    run.pass(31_000);
    expect(run.snapshot().turn?.failure?.code).toBe('START_TIMED_OUT');
  });

  test('of which the store does not say whether it was made is decided later', async () => {
    const { server, run } = await startThread();
    const { journal } = server;
    const lastSequence = journal.lastSequence.bind(journal);
    server.store.failNextCommit = 'after';
    journal.lastSequence = () => {
      throw new RuntimeError('STORE_UNAVAILABLE', 'planned: no answer');
    };
    const sent = run.send({ type: 'turn.submit', text: 'hi' });
    // the tick begins before the store falls silent
    let isMute = false;
    journal.lastSequence = () => {
      if (isMute) throw new RuntimeError('STORE_UNAVAILABLE', 'planned: no answer');
      isMute = true;
      return lastSequence();
    };
    run.tick();
    expect(run.runtime.isReady()).toBe(false);
    expect(run.world.performed.filter((effect) => effect.type === 'connection.open')).toEqual([]);
    run.pass(500);
    journal.lastSequence = lastSequence;
    run.pass(250);
    expect(await sent).toHaveProperty('result');
    expect(run.status).toBe('ready');
    expect(run.facts().filter((fact) => fact.type === 'turn.began')).toHaveLength(1);
  });
});

describe('a store that goes on failing', () => {
  test('gives up after thirty seconds, and keeps what came in until then', async () => {
    const { server, run } = await startThread();
    await run.submit('wait');
    const mend = breakStore(server);
    run.provider.session(run.provider.connectionIds[0]!).goOn();
    run.settle();
    expect(run.runtime.isReady()).toBe(false);
    expect(run.provider.isPaused).toBe(true);
    expect(await run.refusal({ type: 'turn.interrupt' })).toBe('STORE_UNAVAILABLE');
    run.pass(29_000);
    expect(run.gaveUp).toBeNull();
    run.pass(2_000);
    expect(run.gaveUp).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    mend();
    await run.runtime.stop(0);
  });

  test('that comes back before goes on where it was', async () => {
    const { server, run } = await startThread();
    await run.submit('wait');
    const mend = breakStore(server);
    run.provider.session(run.provider.connectionIds[0]!).goOn();
    run.pass(20_000);
    expect(run.status).toBe('running');
    mend();
    run.pass(250);
    expect(run.runtime.isReady()).toBe(true);
    expect(run.provider.isPaused).toBe(false);
    expect(run.status).toBe('ready');
    run.pass(60_000);
    expect(run.gaveUp).toBeNull();
  });

  test('at the start refuses to open the door', async () => {
    const { server } = await startThread();
    server.kill();
    const run = server.open();
    server.store.failNextCommit = 'before';
    await expect(run.runtime.start()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(run.runtime.isReady()).toBe(false);
    await run.runtime.stop(0);
  });

  test('lets a stop come to its end', async () => {
    const { server, run } = await startThread();
    await run.submit('wait');
    const mend = breakStore(server);
    run.provider.session(run.provider.connectionIds[0]!).goOn();
    run.settle();
    const stopped = run.runtime.stop(1_000);
    run.pass(2_000);
    await stopped;
    mend();
    const next = await server.crash();
    expect(next.status).toBe('stopped');
  });
});
