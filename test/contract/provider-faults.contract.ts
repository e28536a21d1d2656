/** What an adapter has to do with an agent that is slow, silent, talkative, spoilt or dead. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../helpers/until.ts';
import { ContractStage } from './contract-stage.ts';
import { say, type Fault, type ProviderWorld, wait } from './provider-world.ts';

const WAIT = { timeoutMs: 60_000 };

/** A world whose agent can be spoilt while it runs. */
export interface FaultyWorld extends ProviderWorld {
  /** From now on; `null`: no more. */
  spoil(fault: Fault | null): void;
}

/** `isTold`: what it adds is nothing that may be dropped in silence. */
const HARMLESS: readonly { readonly fault: Fault; readonly what: string; readonly isTold: boolean }[] = [
  { fault: 'slow', what: 'is late with every line', isTold: false },
  { fault: 'pieces', what: 'sends its lines in pieces', isTold: false },
  { fault: 'noise', what: 'says things that are no messages', isTold: true },
  { fault: 'chatter', what: 'sends messages that nobody knows', isTold: true },
  { fault: 'flood', what: 'sends lines that are too long to be held', isTold: true },
];

/** The fault suite, for any adapter whose agent `makeWorld` can set up behind `faulty`. */
export function describeProviderFaults(makeWorld: () => Promise<FaultyWorld>): void {
  const stage = new ContractStage();
  let world: FaultyWorld;

  beforeEach(async () => {
    world = await makeWorld();
    stage.set(world);
  });

  afterEach(async () => {
    await stage.clear();
    expect(stage.harness.defects).toEqual([]);
    expect([...stage.harness.rows.values()]).toEqual([]);
  });

  describe('the faults of an agent', () => {
    it.each(HARMLESS)('lose nothing of a turn: one that $what', async ({ fault, isTold }) => {
      world.script('hello', [[say('first '), wait('spoilt'), say('second '), say('third', 2)]]);
      world.script('again', [[say('again')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('hello');
      await until(() => thread.streamed() === 'first ', WAIT);
      world.spoil(fault);
      world.gate('spoilt').release();
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
      expect(thread.streamed()).toBe('first second third');
      expect(stage.harness.warnings.length + thread.items('unrecognized').length > 0).toBe(isTold);
      world.spoil(null);
      expect(await thread.turn('again')).toMatchObject({ outcome: 'completed' });
    });

    it('end the connection when it dies, and the next one goes on', async () => {
      world.script('before', [[say('kept')]]);
      world.script('cut', [[say('some '), wait('spoilt'), say('more')]]);
      world.script('after', [[say('after')]]);
      const thread = await stage.openThread();
      await thread.turn('before');
      await thread.start('cut');
      await until(() => thread.streamed().endsWith('some '), WAIT);
      world.spoil('crash');
      world.gate('spoilt').release();
      if (world.processPer === 'instance') await stage.harness.awaitInstance('process.exited');
      else await stage.harness.awaitReport(thread.threadId, 'connection.lost');
      world.spoil(null);
      if (world.processPer === 'instance') await stage.startProcess();
      await thread.open();
      expect(await thread.turn('after')).toMatchObject({ outcome: 'completed' });
      expect(world.shown('after')).toContain('kept');
    });

    it('leave a way out when it says nothing more: a kill, and a new start', async () => {
      world.script('cut', [[say('some '), wait('spoilt'), say('more')]]);
      world.script('after', [[say('after')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('cut');
      await until(() => thread.streamed() === 'some ', WAIT);
      world.spoil('silent');
      world.gate('spoilt').release();
      thread.interrupt(sent);
      thread.kill();
      stage.adapter.perform({ type: 'process.stop', instanceId: stage.instanceId, force: true });
      await stage.harness.awaitInstance('process.stopped');
      await until(() => stage.harness.rows.size === 0, WAIT);
      world.spoil(null);
      await stage.startProcess();
      thread.nativeThreadId = null;
      await thread.open();
      expect(await thread.turn('after')).toMatchObject({ outcome: 'completed' });
    });

    it('fail a start that dies, and the next one works', async () => {
      world.spoil('crash');
      stage.adapter.perform({ type: 'process.start', instanceId: stage.instanceId });
      const { failure } = await stage.harness.awaitInstance('process.failed');
      expect(failure).toMatchObject({ code: 'OPEN_FAILED' });
      world.spoil(null);
      await stage.startProcess();
    });
  });
}
