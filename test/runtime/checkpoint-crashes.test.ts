/** A server that is killed at any commit of a capture or a rollback leaves a thread that is whole and goes on. */
import { expect, test } from 'vitest';
import { makeStage, type CheckpointStage } from '../helpers/checkpoint-stage.ts';
import { threadId } from '../helpers/server-runs.ts';
import { THREAD } from '../helpers/start-runtime.ts';
import { until } from '../helpers/until.ts';

/** Runs until so many more entries are in the journal, then kills the server and starts the next one. */
async function crashAfter(stage: CheckpointStage, count: number): Promise<boolean> {
  const { server } = stage;
  const from = server.journal.threadVersion(threadId(THREAD));
  const isDone = (): boolean => server.journal.threadState(threadId(THREAD))?.errands === 0;
  const reached = await until(() => {
    if (server.journal.threadVersion(threadId(THREAD)) >= from + count) return 'there';
    const ticked = stage.run.tick() || server.world.deliver();
    return !ticked && isDone() ? 'over' : null;
  });
  await server.crash();
  return reached === 'there';
}

test('a rollback that was cut short at any commit ends after the restart', async () => {
  for (let count = 1, isMore = true; isMore; count += 1) {
    const stage = await makeStage();
    const one = await stage.turn({ a: 'two\n' });
    const two = await stage.turn({ a: 'three\n', b: 'new\n' });
    void stage.run.send({ type: 'checkpoint.rollback', turnId: one }, `back-${count}`);
    isMore = await crashAfter(stage, count);
    await stage.rest();
    expect([stage.repository.read('a'), stage.turnRow(two)?.status], `after ${count}`).toEqual([
      'two\n',
      'rolledBack',
    ]);
    const next = await stage.turn({ a: 'four\n' });
    expect(stage.row(next)).toMatchObject({ status: 'captured', fileCount: 1 });
    stage.server.check();
  }
}, 120_000);

test('the end of a turn is captured after a restart', async () => {
  const stage = await makeStage();
  const turn = await stage.begin();
  stage.repository.write({ a: 'two\n' });
  await stage.server.crash();
  await stage.rest();
  expect(stage.turnRow(turn)).toMatchObject({ status: 'interrupted', reason: 'server-restarted' });
  expect(stage.row(turn)).toMatchObject({ status: 'captured', fileCount: 1 });
});
