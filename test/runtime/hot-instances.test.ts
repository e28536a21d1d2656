/** The configuration of instances changes while the server runs. */
import { describe, expect, test } from 'vitest';
import { connectionIdOf, instanceIdSchema } from '../../machines/domain/ids.ts';
import type { InstanceConfig } from '../../machines/ports/provider.ts';
import { makeServer, threadId } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const entry = (name: string, more: Partial<InstanceConfig> = {}): InstanceConfig => ({
  instanceId: instanceIdSchema.parse(name),
  driver: 'scripted',
  command: null,
  env: {},
  ...more,
});

function apply(run: RuntimeRun, ...entries: readonly InstanceConfig[]) {
  const changes = run.runtime.applyInstances(entries);
  run.settle();
  return changes;
}

const states = (run: RuntimeRun, name: string): string[] =>
  run.journal
    .readInstance(instanceIdSchema.parse(name), 0, { limit: 1000, deltas: false })
    .flatMap((each) => each.facts)
    .flatMap((fact) => (fact.type === 'instance.stateChanged' ? [fact.state] : []));
const starts = (run: RuntimeRun, name: string): number =>
  run.world.performed.filter((effect) => effect.type === 'process.start' && effect.instanceId === name)
    .length;
const listed = (run: RuntimeRun): string[] =>
  run.runtime.reads
    .instances()
    .map(({ instanceId, state, available }) => `${instanceId} ${state} ${available}`);
const status = (run: RuntimeRun, name: string): string => run.snapshot(threadId(name)).thread.status;

/** The turn of thread `a` that waits. */
function goOn(run: RuntimeRun): void {
  run.made[0]?.session(connectionIdOf(threadId('a'), 1)).goOn();
  run.settle();
}

/** Two instances of one driver, each with a thread that has had a turn. */
async function startTwo(): Promise<RuntimeRun> {
  const run = await makeServer({ instances: ['one', 'two'] }).start();
  await run.create({ threadId: 'a', instanceId: 'one' });
  await run.create({ threadId: 'b', instanceId: 'two' });
  await run.submit('first', { threadId: 'a' });
  await run.submit('first', { threadId: 'b' });
  return run;
}

/** What was replaced is ended in the background. */
async function swapped(run: RuntimeRun): Promise<void> {
  await new Promise(setImmediate);
  run.settle();
}

describe('a configuration that says the same', () => {
  test('changes nothing', async () => {
    const run = await startTwo();
    const before = run.journal.lastSequence();
    const changes = apply(run, entry('two'), entry('one'));
    expect(changes).toEqual({ added: [], changed: [], removed: [] });
    expect(run.journal.lastSequence()).toBe(before);
  });
});

describe('an instance whose entry changes', () => {
  test('is made anew, and the other one keeps its process and its connection', async () => {
    const run = await startTwo();
    const [one, two] = [run.providers.get('one'), run.providers.get('two')];
    apply(run, entry('one', { env: { A: '1' } }), entry('two'));
    await swapped(run);
    expect(states(run, 'one').slice(-4)).toEqual(['ready', 'outdated', 'draining', 'idle']);
    expect(states(run, 'two').at(-1)).toBe('ready');
    expect(status(run, 'a')).toBe('ready');
    await run.submit('next', { threadId: 'a' });
    await run.submit('next', { threadId: 'b' });
    expect([status(run, 'a'), status(run, 'b')]).toEqual(['ready', 'ready']);
    expect([starts(run, 'one'), starts(run, 'two')]).toEqual([2, 1]);
    expect(run.providers.get('one')).not.toBe(one);
    expect(run.providers.get('two')).toBe(two);
    expect(two?.connectionIds).toEqual(['b#1']);
  });

  test('serves its running turn to the end, and other threads until then', async () => {
    const run = await startTwo();
    await run.submit('wait', { threadId: 'a' });
    apply(run, entry('one', { env: { A: '1' } }), entry('two'));
    expect(status(run, 'a')).toBe('running');
    expect(run.runtime.reads.instances()[0]).toMatchObject({
      available: true,
      reason: expect.stringContaining('changed'),
    });
    await run.create({ threadId: 'c', instanceId: 'one' });
    await run.submit('meanwhile', { threadId: 'c' });
    expect(status(run, 'c')).toBe('ready');
    expect(starts(run, 'one')).toBe(1);
    goOn(run);
    await swapped(run);
    expect(status(run, 'a')).toBe('ready');
    expect(run.facts(threadId('a')).filter((fact) => fact.type === 'turn.ended')).toMatchObject([
      { outcome: 'completed' },
      { outcome: 'completed' },
    ]);
    expect(states(run, 'one').at(-1)).toBe('idle');
    expect(run.runtime.reads.instances()[0]?.reason).toBeUndefined();
    await run.submit('next', { threadId: 'c' });
    expect(starts(run, 'one')).toBe(2);
    expect(status(run, 'c')).toBe('ready');
  });

  test('whose turns always overlap is made anew after a while: what begins then waits for what runs', async () => {
    const run = await startTwo();
    await run.submit('wait', { threadId: 'a' });
    apply(run, entry('one', { env: { A: '1' } }), entry('two'));
    run.pass(300_000);
    expect(states(run, 'one').at(-1)).toBe('renewing');
    await run.create({ threadId: 'c', instanceId: 'one' });
    await run.submit('meanwhile', { threadId: 'c' });
    expect(status(run, 'c')).toBe('starting');
    expect(starts(run, 'one')).toBe(1);
    const notices = run.facts(threadId('c')).filter((fact) => fact.type === 'item.completed');
    expect(notices.map(({ item }) => item.body)).toContainEqual(
      expect.objectContaining({ kind: 'notice', topic: 'instance.renewing' }),
    );
    // longer than an opening may take otherwise
    run.pass(120_000);
    expect(status(run, 'c')).toBe('starting');
    goOn(run);
    await swapped(run);
    expect([status(run, 'a'), status(run, 'c')]).toEqual(['ready', 'ready']);
    expect(starts(run, 'one')).toBe(2);
    expect(states(run, 'one').slice(-5)).toEqual(['renewing', 'draining', 'idle', 'starting', 'ready']);
  });

  test('that is taken out while prompts wait for it refuses them', async () => {
    const run = await startTwo();
    await run.submit('wait', { threadId: 'a' });
    apply(run, entry('one', { env: { A: '1' } }), entry('two'));
    run.pass(300_000);
    await run.create({ threadId: 'c', instanceId: 'one' });
    await run.submit('meanwhile', { threadId: 'c' });
    apply(run, entry('two'));
    expect(status(run, 'c')).toBe('error');
    expect(run.facts(threadId('c')).findLast((fact) => fact.type === 'turn.ended')).toMatchObject({
      outcome: 'failed',
      failure: { code: 'INSTANCE_NOT_FOUND' },
    });
    expect(status(run, 'a')).toBe('running');
    goOn(run);
    await swapped(run);
    expect(states(run, 'one').at(-1)).toBe('removed');
  });

  test('is not made anew under an open request', async () => {
    const run = await startTwo();
    await run.submit('ask', { threadId: 'a' });
    apply(run, entry('one', { env: { A: '1' } }), entry('two'));
    expect(states(run, 'one').at(-1)).toBe('outdated');
    const [request] = run.snapshot(threadId('a')).requests;
    await run.do({
      type: 'request.respond',
      threadId: 'a',
      requestId: request?.requestId,
      decision: 'accept',
    });
    await swapped(run);
    expect(status(run, 'a')).toBe('ready');
    expect(states(run, 'one').at(-1)).toBe('idle');
  });

  test('goes by the last of several changes', async () => {
    const run = await startTwo();
    await run.submit('wait', { threadId: 'a' });
    apply(run, entry('one', { env: { A: '1' } }), entry('two'));
    apply(run, entry('two'));
    expect(listed(run)).toEqual(['one unavailable false', 'two ready true']);
    apply(run, entry('one', { model: 'm' }), entry('two'));
    expect(listed(run)).toEqual(['one ready true', 'two ready true']);
    goOn(run);
    await swapped(run);
    await run.submit('next', { threadId: 'a' });
    const opened = run.world.performed.findLast((effect) => effect.type === 'connection.open');
    expect(opened).toMatchObject({ connectionId: 'a#2', settings: { model: 'm' } });
  });

  test('and that was never started is made anew at once', async () => {
    const run = await makeServer({ instances: ['one'] }).start();
    apply(run, entry('one', { model: 'm' }));
    await swapped(run);
    await run.create({ instanceId: 'one' });
    await run.submit('first');
    await run.submit('second', { model: 'own' });
    const models = run.world.performed.flatMap((effect) =>
      effect.type === 'connection.open' || effect.type === 'turn.start' ? [effect.settings.model] : [],
    );
    expect(models).toEqual(['m', 'm', 'own']);
    expect(run.snapshot().thread.model).toBe(null);
  });

  test('closes again what did not close', async () => {
    const run = await startTwo();
    run.world.faults.close = 'fail';
    apply(run, entry('one', { env: { A: '1' } }), entry('two'));
    expect(states(run, 'one').at(-1)).toBe('outdated');
    delete run.world.faults.close;
    run.pass(60_000);
    await swapped(run);
    expect(states(run, 'one').at(-1)).toBe('idle');
  });

  test('does not wait for a process that does not answer its stop', async () => {
    const run = await startTwo();
    run.world.onPerform = (effect) => {
      if (effect.type === 'process.stop') throw new Error('deaf');
    };
    apply(run, entry('one', { env: { A: '1' } }), entry('two'));
    expect(states(run, 'one').at(-1)).toBe('draining');
    run.world.onPerform = null;
    run.pass(21_000);
    await swapped(run);
    await run.submit('next', { threadId: 'a' });
    expect(status(run, 'a')).toBe('ready');
  });
});

describe('an instance that is taken out', () => {
  test('is listed no more, refuses what needs it, and works again when it comes back', async () => {
    const run = await startTwo();
    apply(run, entry('two'));
    await swapped(run);
    expect(listed(run)).toEqual(['two ready true']);
    expect(states(run, 'one').slice(-3)).toEqual(['closing', 'draining', 'removed']);
    const needing = [
      { type: 'turn.submit', text: 'x' },
      { type: 'turn.submit', text: 'x', mode: 'queue' },
      { type: 'thread.compact' },
    ];
    for (const command of needing) {
      expect(await run.refusal({ ...command, threadId: 'a' })).toBe('INSTANCE_NOT_FOUND');
    }
    expect(await run.refusal({ type: 'thread.create', cwd: '/work', instanceId: 'one' })).toBe(
      'INSTANCE_NOT_FOUND',
    );
    expect(await run.refusal({ type: 'thread.setTitle', title: 'x', threadId: 'a' })).toBe(null);
    expect(run.snapshot(threadId('a')).items.length).toBeGreaterThan(0);
    apply(run, entry('one'), entry('two'));
    await run.submit('again', { threadId: 'a' });
    expect(status(run, 'a')).toBe('ready');
  });

  test('ends its running turn first, which can be steered, answered and interrupted', async () => {
    const run = await startTwo();
    await run.submit('wait', { threadId: 'a' });
    apply(run, entry('two'));
    expect(status(run, 'a')).toBe('running');
    expect(await run.refusal({ type: 'turn.submit', text: 'x', mode: 'queue', threadId: 'a' })).toBe(
      'INSTANCE_NOT_FOUND',
    );
    expect(await run.refusal({ type: 'turn.submit', text: 'wait', mode: 'steer', threadId: 'a' })).toBe(null);
    await run.do({ type: 'turn.interrupt', threadId: 'a' });
    await swapped(run);
    expect(status(run, 'a')).toBe('interrupted');
    expect(states(run, 'one').at(-1)).toBe('removed');
    expect(starts(run, 'one')).toBe(1);
  });

  test('fails at once what waits for its process', async () => {
    const run = await makeServer({ instances: ['one'] }).start();
    run.world.faults.process = 'silent';
    await run.create({ instanceId: 'one' });
    await run.submit('first');
    expect(status(run, 't1')).toBe('starting');
    apply(run);
    await swapped(run);
    expect(run.snapshot().turn).toMatchObject({ status: 'failed', failure: { code: 'INSTANCE_NOT_FOUND' } });
  });

  test('stays out over a restart, and is there when it is configured again', async () => {
    const server = makeServer({ instances: ['one', 'two'] });
    const run = await server.start();
    await run.create({ threadId: 'a', instanceId: 'one' });
    apply(run, entry('two'));
    const second = await server.crash({ instances: ['two'] });
    expect(listed(second)).toEqual(['two unchecked true']);
    expect(second.runtime.reads.removedInstances().map((row) => row.instanceId)).toEqual(['one']);
    const third = await server.crash({ instances: ['one', 'two'] });
    expect(third.runtime.reads.removedInstances()).toEqual([]);
    await third.submit('first', { threadId: 'a' });
    expect(status(third, 'a')).toBe('ready');
  });
});

describe('an entry that cannot be used', () => {
  test.each([
    ['disabled', entry('bad', { enabled: false }), 'disabled'],
    ['of an unknown driver', entry('bad', { driver: 'none' }), 'there is no driver none; known: scripted'],
    [
      'with what its driver does not take',
      entry('bad', { args: ['-x'] }),
      'the driver scripted takes no `args`',
    ],
    ['with a home that its driver does not take', entry('bad', { home: '/h' }), 'takes no `home`'],
  ])('because it is %s is listed with its reason', async (_, bad, reason) => {
    const run = await startTwo();
    apply(run, entry('one'), entry('two'), bad);
    const row = run.runtime.reads.instances().find(({ instanceId }) => instanceId === 'bad');
    expect(row).toMatchObject({
      available: false,
      state: 'unavailable',
      reason: expect.stringContaining(reason),
    });
    expect(await run.refusal({ type: 'thread.create', cwd: '/work', instanceId: 'bad' })).toBe(
      'INSTANCE_UNAVAILABLE',
    );
    apply(run, entry('one'), entry('two'), entry('bad'));
    await run.create({ threadId: 'c', instanceId: 'bad' });
    await run.submit('first', { threadId: 'c' });
    expect(status(run, 'c')).toBe('ready');
  });

  test('takes a running instance out of service when its turn has ended, with the reason', async () => {
    const run = await startTwo();
    await run.submit('wait', { threadId: 'a' });
    apply(run, entry('one', { enabled: false }), entry('two'));
    expect(status(run, 'a')).toBe('running');
    expect(run.runtime.reads.instances()[0]).toMatchObject({ available: false, reason: 'disabled' });
    goOn(run);
    await swapped(run);
    expect(states(run, 'one').at(-1)).toBe('disabled');
    const refused = run.submit('next', { threadId: 'a' });
    await expect(refused).rejects.toMatchObject({
      code: 'INSTANCE_UNAVAILABLE',
      details: { instanceId: 'one', reason: 'disabled' },
    });
  });
});

describe('a change that the store does not take at once', () => {
  test('is in force when it does', async () => {
    const server = makeServer({ instances: ['one'] });
    const run = await server.start();
    await run.create({ instanceId: 'one' });
    await run.submit('first');
    server.store.failNextCommit = 'before';
    apply(run, entry('one', { env: { A: '1' } }));
    run.pass(2_000);
    await swapped(run);
    expect(states(run, 'one').at(-1)).toBe('idle');
    await run.submit('next');
    expect(run.status).toBe('ready');
  });
});

describe('a crash while a change waits for its moment', () => {
  test('leaves the next run with the new configuration, and nothing of the old one', async () => {
    const server = makeServer({ instances: ['one', 'two'] });
    const run = await server.start();
    for (const name of ['one', 'two']) {
      await run.create({ threadId: name, instanceId: name });
      await run.submit('wait', { threadId: name });
    }
    apply(run, entry('one', { model: 'm' }));
    expect([states(run, 'one').at(-1), states(run, 'two').at(-1)]).toEqual(['outdated', 'closing']);
    const next = await server.crash({ instances: ['one'] });
    expect(listed(next)).toEqual(['one unchecked true']);
    expect([status(next, 'one'), status(next, 'two')]).toEqual(['stopped', 'stopped']);
    await next.submit('again', { threadId: 'one' });
    expect(status(next, 'one')).toBe('ready');
    expect(await next.refusal({ type: 'turn.retry', threadId: 'two' })).toBe('INSTANCE_NOT_FOUND');
  });
});

describe('adapters that are replaced', () => {
  test('are disposed, every one of them', async () => {
    const run = await startTwo();
    for (let count = 0; count < 5; count += 1) {
      apply(run, entry('one', { env: { A: String(count) } }), entry('two'));
      await swapped(run);
    }
    await run.runtime.stop(0);
    expect(run.made.length).toBe(7);
    expect(run.made.filter((provider) => !provider.isDisposed)).toEqual([]);
  });
});
