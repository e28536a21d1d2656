/** How the process of an instance starts, stops and dies. */
import { describe, expect, it } from 'vitest';
import { listMarked } from '../../adapters/shared/process-tree.ts';
import type { ProviderThread } from '../helpers/provider-thread.ts';
import { until } from '../helpers/until.ts';
import type { ContractStage } from './contract-stage.ts';
import { run, say } from './provider-world.ts';

const WAIT = { timeoutMs: 60_000 };

export function describeProcess(stage: ContractStage): void {
  /** The instance tells of a process that is its own, a thread of the other kind. */
  const endOfProcess = (thread: ProviderThread) =>
    stage.world.processPer === 'instance'
      ? stage.harness.awaitInstance('process.exited')
      : stage.harness.awaitReport(thread.threadId, 'connection.lost');

  describe('process', () => {
    it('starts once for two asks, and says what it is', async () => {
      stage.adapter.perform({ type: 'process.start', instanceId: stage.instanceId });
      stage.adapter.perform({ type: 'process.start', instanceId: stage.instanceId });
      const { report } = await stage.harness.awaitInstance('process.started');
      if (stage.has('processes')) expect(report.version).toMatch(/^\d+\.\d+\.\d+/);
      await until(() => stage.harness.rows.size === stage.idleProcessCount, WAIT);
      expect(stage.harness.instanceReports).toHaveLength(1);
    });

    it('says that a missing program cannot be started, and not to try again', async () => {
      const config = { ...stage.world.instance, command: '/no/such/program' };
      const broken = stage.world.driver.create(config, stage.harness);
      broken.perform({ type: 'process.start', instanceId: stage.instanceId });
      const { failure } = await stage.harness.awaitInstance('process.failed');
      expect(failure).toMatchObject({ retryable: false });
      await broken.dispose();
    });

    it('stops in order, says only that, and starts again', async () => {
      await stage.startProcess();
      stage.adapter.perform({ type: 'process.stop', instanceId: stage.instanceId, force: false });
      await stage.harness.awaitInstance('process.stopped');
      expect(stage.harness.rows.size).toBe(0);
      await stage.startProcess();
      expect(stage.harness.instanceReports.map(({ type }) => type)).toEqual([
        'process.started',
        'process.stopped',
        'process.started',
      ]);
    });

    it('starts anew after a forced stop that is not awaited', async () => {
      await stage.startProcess();
      stage.adapter.perform({ type: 'process.stop', instanceId: stage.instanceId, force: true });
      stage.adapter.perform({ type: 'process.start', instanceId: stage.instanceId });
      await stage.harness.awaitInstance('process.started', 2);
      await until(() => stage.harness.rows.size === stage.idleProcessCount, WAIT);
    });

    it('tells once that a process was killed, and resumes its thread in a new one', async ({ skip }) => {
      stage.needs('processes', skip);
      stage.world.script('half', [[say('some of it'), { do: 'hang' }]]);
      stage.world.script('again', [[say('whole')]]);
      const thread = await stage.openThread();
      // what an agent has not kept cannot be resumed
      await thread.turn('again');
      const before = thread.streamed();
      await thread.start('half');
      await until(() => thread.streamed() !== before, WAIT);
      // what was asked whether the agent is there may still be on its way out
      await until(() => stage.harness.rows.size === 1, WAIT);
      const [row] = [...stage.harness.rows.values()];
      process.kill(row?.pid ?? 0, 'SIGKILL');
      const { failure } = await endOfProcess(thread);
      expect(failure).toMatchObject({ code: 'CONNECTION_LOST' });
      expect(await listMarked(row?.marker ?? '')).toEqual([]);
      expect(stage.harness.all(thread.threadId, 'provider.turnEnded')).toHaveLength(1);
      if (stage.world.processPer === 'instance') await stage.startProcess();
      await thread.open();
      expect(await thread.turn('again')).toMatchObject({ outcome: 'completed' });
      const ends = [
        ...stage.harness.instanceReports.filter(({ type }) => type === 'process.exited'),
        ...stage.harness.all(thread.threadId, 'connection.lost'),
      ];
      expect(ends).toHaveLength(1);
    });

    it('leaves no process behind when it is disposed of in the middle of a turn', async ({ skip }) => {
      stage.needs('processes', skip);
      stage.world.script('sleep', [[run('sleep 300')], [say('never')]]);
      const thread = await stage.openThread();
      await thread.start('sleep');
      await thread.started('command');
      const [row] = [...stage.harness.rows.values()];
      await stage.adapter.dispose();
      expect(await listMarked(row?.marker ?? '')).toEqual([]);
      expect(stage.harness.rows.size).toBe(0);
      expect(stage.harness.instanceReports.map(({ type }) => type)).toEqual(['process.started']);
    });
  });
}
