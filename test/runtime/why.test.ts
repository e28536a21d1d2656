import { describe, expect, test } from 'vitest';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { Why } from '../../machines/domain/why.ts';
import { whyOf } from '../../machines/domain/why.ts';
import { startThread } from '../helpers/server-runs.ts';
import type { RuntimeRun } from '../helpers/start-runtime.ts';

const INSTANCE = instanceIdSchema.parse('scripted');

function whyIn(run: RuntimeRun): readonly [Why, ...Why[]] {
  const row = run.runtime.reads.instances().find(({ instanceId }) => instanceId === INSTANCE) ?? null;
  return whyOf(run.snapshot(), row);
}
/** In short: what, from whom, and the deadline with the seconds that are left. */
const told = (run: RuntimeRun): string[] =>
  whyIn(run).map(({ what, from, endedBy }) => {
    const bound =
      endedBy && ` | ${endedBy.timer.replace(/:.*/, '')} in ${(endedBy.dueAt - run.clock.now()) / 1000} s`;
    return `${from}: ${what}${bound ?? ''}`;
  });

describe('a thread says why it', () => {
  test('waits for a prompt', async () => {
    const { run } = await startThread();
    expect(told(run)).toEqual(['person: no prompt has come yet']);
    await run.submit('done');
    expect(told(run)).toEqual(['person: the last turn is done']);
    expect(whyIn(run)[0].canDo).toEqual(['turn.submit:start']);
  });

  test('waits for the provider to start, and for how long', async () => {
    const { run } = await startThread();
    run.world.faults.process = 'silent';
    await run.submit('hello');
    run.pass(10_000);
    expect(told(run)).toEqual(['provider: scripted is being started | connection.openTimedOut in 20 s']);
    expect(whyIn(run)[0]).toMatchObject({
      sinceAt: run.clock.now() - 10_000,
      canDo: ['turn.interrupt', 'thread.stop'],
    });
  });

  test('waits for a provider that could not be started before', async () => {
    const { run } = await startThread();
    run.world.faults.process = 'fail';
    await run.submit('hello');
    expect(told(run)[0]).toMatch(/^person: the last turn failed \(OPEN_FAILED: /);
    expect(whyIn(run)[0].advice).toContain('threadchart doctor');
    run.world.faults.process = 'silent';
    await run.submit('again');
    expect(told(run)[0]).toMatch(
      /^provider: scripted could not be started \(OPEN_FAILED: .*\) and is tried again/,
    );
  });

  test('waits for the session, the start and the end of a turn', async () => {
    const { run } = await startThread();
    run.world.faults.open = 'silent';
    await run.submit('hello');
    expect(told(run)).toEqual(['provider: scripted opens the session | connection.openTimedOut in 30 s']);
    delete run.world.faults.open;
    run.pass(30_000);
    expect(told(run)[0]).toMatch(/^person: the last turn failed \(OPEN_TIMED_OUT/);
    await run.submit('unanswered');
    expect(told(run)[0]).toBe(
      'provider: scripted has the prompt and has not begun the turn | turn.startTimedOut in 30 s',
    );
  });

  test('works, with the watchdog counted from the last sign of life that a client sees', async () => {
    const { run } = await startThread();
    await run.submit('open wait');
    expect(told(run)).toEqual(['provider: scripted works on the turn | turn.stalled in 600 s']);
    expect(whyIn(run)[0].endedBy).toMatchObject({ idle: true });
    const before = whyIn(run)[0].endedBy?.dueAt ?? 0;
    run.pass(60_000);
    const [item] = run.snapshot().items.toReversed();
    const fresh = { ...run.snapshot(), items: [{ ...item!, updatedAt: run.clock.now() }] };
    expect(whyOf(fresh, null)[0].endedBy?.dueAt).toBe(before + 60_000);
  });

  test('waits for a person, then for the answer to arrive, and again for a person', async () => {
    const { run } = await startThread();
    await run.submit('ask2 done');
    const asked = 'person: may it run rm -rf build';
    expect(told(run)).toEqual([asked, asked]);
    const [{ requestId, canDo }] = whyIn(run);
    expect(canDo).toEqual(['request.respond', 'turn.interrupt', 'thread.stop']);
    run.world.faults.answer = 'silent';
    await run.do({ type: 'request.respond', requestId, decision: 'accept' });
    expect(told(run)).toEqual([
      'provider: the answer is on its way to scripted: may it run rm -rf build | request.deliveryTimedOut in 10 s',
      asked,
    ]);
    run.pass(10_000);
    expect(told(run)[0]).toBe(
      'person: the answer did not arrive and can be sent again: may it run rm -rf build',
    );
  });

  test('is being interrupted, and stopped', async () => {
    const { run } = await startThread();
    await run.submit('ask');
    run.world.faults.interrupt = 'silent';
    await run.do({ type: 'turn.interrupt' });
    const interrupting =
      'provider: scripted was told to stop and has not said that it did | interrupt.timedOut in 15 s';
    expect(told(run)).toEqual([interrupting]);
    run.world.faults.close = 'silent';
    await run.do({ type: 'thread.stop' });
    expect(told(run)).toEqual([
      interrupting,
      'provider: the thread is being stopped: the provider closes the session | connection.closeTimedOut in 10 s',
    ]);
    run.pass(30_000);
    expect(told(run)).toEqual([
      'person: the last turn was interrupted because the thread was stopped (CLOSE_FAILED: the provider did not let go of the session)',
    ]);
  });

  test('is written down, and asked about after a restart', async () => {
    const { run, server } = await startThread();
    run.world.faults.settle = 'silent';
    await run.submit('done');
    expect(told(run)).toEqual([
      'server: the turn has ended; what belongs to it is being written down | settle.timedOut in 20 s',
    ]);
    run.pass(20_000);
    await run.submit('unanswered');
    run.world.faults.lookUp = 'silent';
    const next = await server.crash();
    expect(told(next)[0]).toBe(
      'provider: the server ended while the prompt was handed over; scripted is asked what became of it | lookUp.timedOut in 60 s',
    );
  });

  test('holds its queue, and what lets it go on', async () => {
    const { run } = await startThread();
    await run.submit('wait');
    await run.submit('next', { mode: 'queue' });
    expect(told(run)[1]).toBe('provider: a prompt waits until the turn that runs has completed');
    await run.do({ type: 'turn.interrupt' });
    expect(told(run)).toEqual([
      'person: the last turn was interrupted by a person',
      'person: a prompt waits: the queue is held because the last turn was interrupted',
    ]);
    expect(whyIn(run)[1]).toMatchObject({ canDo: expect.arrayContaining(['queue.resume', 'queue.cancel']) });
  });

  test('is archived', async () => {
    const { run } = await startThread();
    await run.do({ type: 'thread.archive' });
    expect(told(run)).toEqual(['person: no prompt has come yet; it is archived']);
    expect(whyIn(run)[0].canDo).toEqual(['thread.unarchive']);
  });
});
