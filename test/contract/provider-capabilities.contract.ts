/** What each capability promises, and what happens without it. Neither is taken on trust. */
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Capability } from '../../machines/domain/capability.ts';
import { attachmentIdSchema } from '../../machines/domain/ids.ts';
import { ProviderThread } from '../helpers/provider-thread.ts';
import { listenForAgents } from '../helpers/agent-calls.ts';
import { until } from '../helpers/until.ts';
import type { ContractStage } from './contract-stage.ts';
import { forks, forksAtTurn, refusesToFork, refusesToForkAtTurn } from './provider-forks.contract.ts';
import { say, wait } from './provider-world.ts';
import { refusesToRollBack, rollsBack, rollsBackTurnsOnly } from './provider-rollbacks.contract.ts';

const WAIT = { timeoutMs: 60_000 };
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

interface Scenario {
  /** The provider does it. */
  can(stage: ContractStage): Promise<void>;
  /** The adapter says no to what nobody should have asked of it. */
  cannot(stage: ContractStage): Promise<void>;
}

/** One for each capability: a new one does not compile without. */
const SCENARIOS: Readonly<Record<Capability, Scenario>> = {
  interrupt: {
    async can(stage) {
      stage.world.script('long', [[say('so far '), { do: 'hang' }]]);
      const thread = await stage.openThread();
      const sent = await thread.start('long');
      await until(() => thread.streamed() !== '', WAIT);
      thread.interrupt(sent);
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'interrupted', failure: null });
    },
    async cannot(stage) {
      stage.world.script('long', [[say('so far '), { do: 'hang' }]]);
      const thread = await stage.openThread();
      thread.interrupt(await thread.start('long'));
      await stage.harness.awaitReport(thread.threadId, 'provider.interruptRefused');
    },
  },
  delegation: {
    async can(stage) {
      const { tools, bearers } = await listenForAgents();
      await stage.openThread({}, tools);
      await until(() => bearers.has(tools.bearer), WAIT);
    },
    async cannot(stage) {
      stage.world.script('hello', [[say('hello')]]);
      await stage.takeScripts();
      const { tools, bearers } = await listenForAgents();
      const thread = await stage.openThread({}, tools);
      await thread.turn('hello');
      expect([...bearers]).toEqual([]);
    },
  },
  nativeSteer: {
    async can(stage) {
      stage.world.script('begin', [[say('going one way '), wait('steered'), say('to its end')]]);
      stage.world.script('turn left', [[say('gone left')]], 'steer');
      const thread = await stage.openThread();
      const sent = await thread.start('begin');
      await until(() => thread.streamed() !== '', WAIT);
      const steerId = thread.steer(sent, 'turn left');
      await stage.harness.awaitReport(
        thread.threadId,
        'provider.steerAccepted',
        (report) => report.steerId === steerId,
      );
      stage.world.gate('steered').release();
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
      expect(thread.items('assistant_message').map(({ text }) => text)).toContain('gone left');
      expect(stage.harness.all(thread.threadId, 'provider.turnStarted')).toHaveLength(1);
      expect(thread.items('user_message')).toEqual([]);
    },
    async cannot(stage) {
      stage.world.script('begin', [[say('going one way '), wait('steered'), say('to its end')]]);
      const thread = await stage.openThread();
      const sent = await thread.start('begin');
      const steerId = thread.steer(sent, 'turn left');
      const refused = await stage.harness.awaitReport(thread.threadId, 'provider.steerRefused');
      expect(refused.steerId).toBe(steerId);
      stage.world.gate('steered').release();
      expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
    },
  },
  images: {
    async can(stage) {
      stage.world.script('look', [[say('a dot')]]);
      const thread = await stage.openThread();
      expect(await thread.turn('look', await imageFor(stage))).toMatchObject({ outcome: 'completed' });
      expect(stage.world.shown('look')).toContain(PIXEL);
      expect(thread.items('user_message')).toEqual([]);
    },
    async cannot(stage) {
      const thread = await stage.openThread();
      thread.send('look', await imageFor(stage));
      await stage.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    },
  },
  planMode: {
    async can(stage) {
      stage.world.script('plan', [[say('first this')]]);
      stage.world.script('act', [[say('done')]]);
      const planning = await stage.openThread({ interactionMode: 'plan' });
      expect(await planning.turn('plan')).toMatchObject({ outcome: 'completed' });
      if (stage.has('model')) expect(stage.world.shown('plan')).toMatch(stage.world.planMark);
      const acting = await stage.openThread();
      await acting.turn('act');
      expect(stage.world.shown('act')).not.toMatch(stage.world.planMark);
    },
    async cannot(stage) {
      const thread = await stage.openThread();
      thread.settings = { ...thread.settings, interactionMode: 'plan' };
      thread.send('plan');
      await stage.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    },
  },
  resume: {
    async can(stage) {
      stage.world.script('one', [[say('answer one')]]);
      stage.world.script('two', [[say('answer two')]]);
      const thread = await stage.openThread();
      await thread.turn('one');
      const resumed = await resumedIn(stage, thread);
      await resumed.open();
      expect(await resumed.turn('two')).toMatchObject({ outcome: 'completed' });
      expect(stage.world.shown('two')).toContain('answer one');
    },
    async cannot(stage) {
      stage.world.script('one', [[say('answer one')]]);
      const thread = await stage.openThread();
      await thread.turn('one');
      const resumed = await resumedIn(stage, thread);
      resumed.askToOpen();
      const { failure } = await stage.harness.awaitReport(resumed.threadId, 'connection.openFailed');
      expect(failure).toMatchObject({ code: 'RESUME_FAILED' });
    },
  },
  compact: {
    async can(stage) {
      stage.world.script('one', [[say('answer one')]]);
      stage.world.script('two', [[say('answer two')]]);
      const thread = await stage.openThread();
      await thread.turn('one');
      const { turnId } = thread.compact();
      const { nativeTurnId } = await stage.harness.awaitReport(
        thread.threadId,
        'provider.turnAccepted',
        (report) => report.turnId === turnId,
      );
      const ended = await stage.harness.awaitReport(
        thread.threadId,
        'provider.turnEnded',
        (report) => report.nativeTurnId === nativeTurnId,
      );
      expect(ended).toMatchObject({ outcome: 'completed' });
      expect(thread.items('compaction')).toMatchObject([{ status: 'completed' }]);
      expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
    },
    async cannot(stage) {
      const thread = await stage.openThread();
      const { turnId } = thread.compact();
      const refused = await stage.harness.awaitReport(thread.threadId, 'provider.turnRefused');
      expect(refused.turnId).toBe(turnId);
    },
  },
  fork: { can: forks, cannot: refusesToFork },
  rollback: { can: rollsBack, cannot: refusesToRollBack },
  modelSwitch: {
    async can(stage) {
      stage.world.script('one', [[say('answer one')]]);
      stage.world.script('two', [[say('answer two')]]);
      const thread = await stage.openThread();
      await thread.turn('one');
      thread.settings = { ...thread.settings, model: otherModel(stage) };
      if (stage.adapter.capabilities.modelSwitch === 'byResume') return switchesByResume(stage, thread);
      expect(await thread.turn('two')).toMatchObject({ outcome: 'completed' });
      expect(stage.world.shown('two')).toContain('answer one');
      expect(stage.harness.all(thread.threadId, 'connection.opened')).toHaveLength(1);
    },
    async cannot(stage) {
      stage.world.script('one', [[say('answer one')]]);
      const thread = await stage.openThread();
      await thread.turn('one');
      thread.settings = { ...thread.settings, model: otherModel(stage) };
      thread.send('two');
      await stage.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    },
  },
};

/** In the session it is refused; the one that is resumed with it has it. */
async function switchesByResume(stage: ContractStage, thread: ProviderThread): Promise<void> {
  thread.send('two');
  const { failure } = await stage.harness.awaitReport(thread.threadId, 'provider.turnRefused');
  expect(failure).toMatchObject({ code: 'SETTINGS_NOT_APPLIED' });
  await thread.close();
  const resumed = new ProviderThread(stage.adapter, stage.harness, thread.settings);
  resumed.nativeThreadId = thread.nativeThreadId;
  expect(await resumed.open()).toMatchObject({ resumed: true });
  expect(await resumed.turn('two')).toMatchObject({ outcome: 'completed' });
  expect(stage.world.shown('two')).toContain('answer one');
}

const otherModel = ({ world }: ContractStage): string => world.otherModel ?? 'another-model';

/** Of most an adapter says that it has them, of some that it lacks them. */
const ASSUMED: ReadonlySet<string> = new Set<Capability>(['modelSwitch']);

export function describeCapabilities(stage: ContractStage): void {
  describe('capabilities', () => {
    it.each(Object.entries(SCENARIOS))('%s: what the live agent says of it is so', async (name, scenario) => {
      const { capabilities } = await (await stage.openThread()).opened();
      const told = new Map<string, unknown>(Object.entries(capabilities)).get(name);
      const isThere = told ?? ASSUMED.has(name);
      await stage.takeScripts();
      await (isThere ? scenario.can(stage) : scenario.cannot(stage));
    });

    it('fork: up to an earlier turn where it says so, else that is refused', async () => {
      await (stage.adapter.capabilities.fork === 'turn' ? forksAtTurn(stage) : refusesToForkAtTurn(stage));
    });

    it('rollback: leaves the files as they are where only the turns are asked for', async () => {
      const { rollback } = stage.adapter.capabilities;
      await (rollback === undefined ? refusesToRollBack(stage) : rollsBackTurnsOnly(stage));
    });

    it('are none but those that have a scenario here', () => {
      const known = new Set<string>(Object.keys(SCENARIOS));
      expect(Object.keys(stage.adapter.capabilities).filter((name) => !known.has(name))).toEqual([]);
    });
  });
}

async function imageFor(stage: ContractStage) {
  const path = stage.inWorkspace('dot.png');
  await writeFile(path, Buffer.from(PIXEL, 'base64'));
  const attachmentId = attachmentIdSchema.parse('image-1');
  stage.harness.attachments.set(attachmentId, path);
  return { attachments: [attachmentId] };
}

async function resumedIn(stage: ContractStage, { settings, nativeThreadId }: ProviderThread) {
  await stage.restart();
  const resumed = new ProviderThread(stage.adapter, stage.harness, settings);
  resumed.nativeThreadId = nativeThreadId;
  return resumed;
}
