import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codexDriver } from '../../../../adapters/codex/index.ts';
import { replayDriver } from '../../../../adapters/replay/index.ts';
import { formatRecording } from '../../../../adapters/replay/recording.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';
import type { ItemDraft } from '../../../../machines/domain/item.ts';
import type { InstanceConfig, ProviderAdapter } from '../../../../machines/ports/provider.ts';
import { ProviderHarness } from '../../../helpers/provider-harness.ts';
import { ProviderThread } from '../../../helpers/provider-thread.ts';
import { makeTempFolder, type TempFolder } from '../../../helpers/temp-folder.ts';
import { TestClock } from '../../../helpers/test-clock.ts';
import { header, recordingOf } from '../../../helpers/tiny-recording.ts';
import { until } from '../../../helpers/until.ts';

const INSTANCE_ID = instanceIdSchema.parse('demo');
const instance = (more: Partial<InstanceConfig> = {}): InstanceConfig => ({
  instanceId: INSTANCE_ID,
  driver: 'replay',
  command: null,
  env: { THREADCHART_REPLAY_SCALE: '0' },
  ...more,
});

let harness: ProviderHarness;
let adapter: ProviderAdapter;
let folder: TempFolder;

beforeEach(() => {
  folder = makeTempFolder();
  harness = new ProviderHarness();
  adapter = replayDriver({ drivers: [codexDriver] }).create(instance(), harness);
});

afterEach(async () => {
  await adapter.dispose();
  folder.remove();
  expect(harness.defects).toEqual([]);
});

const start = (): void => adapter.perform({ type: 'process.start', instanceId: INSTANCE_ID });

async function open(model: string | null): Promise<ProviderThread> {
  start();
  const thread = new ProviderThread(adapter, harness, { model, cwd: folder.path, instanceId: INSTANCE_ID });
  await thread.open();
  return thread;
}

const notices = (thread: ProviderThread): string[] =>
  thread
    .items('notice')
    .filter(({ body }) => body.kind === 'notice' && body.topic === 'recording')
    .map(({ text }) => text);
const commandOf = (thread: ProviderThread): ItemDraft['status'][] =>
  thread
    .items('command')
    .filter(({ body }) => body.kind === 'command' && body.command.includes('node --test'))
    .map(({ status }) => status);

describe('the instance', () => {
  it('names its scenarios as models, and says that no agent runs', async () => {
    start();
    const { report } = await harness.awaitInstance('process.started');
    expect(report.models?.map(({ id, isDefault }) => [id, isDefault])).toEqual([
      ['coding-task', true],
      ['error', false],
      ['interrupt', false],
      ['plan', false],
      ['question', false],
    ]);
    expect(report.account?.label).toContain('recordings');
    adapter.perform({ type: 'process.stop', instanceId: INSTANCE_ID, force: false });
    await harness.awaitInstance('process.stopped');
  });

  it.each([
    ['torn', (text: string) => text.slice(0, -9), 'line 3: '],
    ['of an unknown driver', (text: string) => text.replace('"tiny"', '"nobody"'), 'the driver nobody'],
    ['without traffic', () => formatRecording(recordingOf()), 'no traffic'],
  ])('is not usable with a file that is %s', async (_, change, what) => {
    const command = join(folder.path, 'a.ndjson');
    const text = formatRecording({
      header: header(),
      lines: [{ kind: 'spawn', atMs: 0, process: 1, command: 'tiny', args: [] }],
    });
    writeFileSync(command, change(text));
    adapter = replayDriver({ drivers: [codexDriver] }).create(instance({ command }), harness);
    start();
    const { failure } = await harness.awaitInstance('process.failed');
    expect(failure).toMatchObject({ code: 'RECORDING_INVALID', retryable: false });
    expect(failure.message).toContain(what);
    expect(failure.message).toContain(`${command} line `);
  });

  it('refuses a scale that is no number', async () => {
    const env = { THREADCHART_REPLAY_SCALE: 'slow' };
    adapter = replayDriver({ drivers: [codexDriver] }).create(instance({ env }), harness);
    start();
    const { failure } = await harness.awaitInstance('process.failed');
    expect(failure.code).toBe('INVALID_PARAMS');
  });
});

describe('a thread', () => {
  it('is told that it is a recording, and plays it for any prompt and in its own folder', async () => {
    const thread = await open('coding-task');
    const sent = await thread.start('whatever I say');
    const request = await thread.request();
    expect(notices(thread)).toEqual([
      expect.stringMatching(/recording of codex 0\.169\.0.*no file is touched/),
    ]);
    thread.answer(request, { decision: 'accept' });
    expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
    expect(commandOf(thread)).toEqual(['completed']);
    const [change] = thread.items('file_change');
    expect(change?.body).toMatchObject({ changes: [{ path: join(folder.path, 'sum.mjs') }] });
    expect(readdirSync(folder.path)).toEqual([]);
    expect(harness.rows.size).toBe(0);
    expect(thread.items('unrecognized')).toEqual([]);
  });

  it.each([
    ['decline', 'completed'],
    ['cancel', 'interrupted'],
  ] as const)('goes the other way when the user says %s', async (decision, outcome) => {
    const thread = await open(null);
    const sent = await thread.start('go');
    thread.answer(await thread.request(), { decision });
    expect(await thread.ended(sent)).toMatchObject({ outcome });
    expect(commandOf(thread)).toEqual(['declined']);
    expect(notices(thread)).toHaveLength(1);
  });

  it('waits for the user as the recording did', async () => {
    const clock = new TestClock();
    adapter = replayDriver({ drivers: [codexDriver], clock }).create(instance({ env: {} }), harness);
    start();
    const thread = new ProviderThread(adapter, harness, { cwd: folder.path });
    thread.askToOpen();
    const pass = async (isThere: () => boolean): Promise<void> => {
      await until(() => {
        clock.advance(50);
        return isThere();
      });
    };
    await pass(() => harness.all(thread.threadId, 'connection.opened').length > 0);
    thread.send('go');
    await pass(() => harness.all(thread.threadId, 'provider.requestOpened').length > 0);
    const { length } = harness.reports;
    clock.advance(24 * 3_600_000);
    await until(() => clock.monotonic() > 0);
    expect(harness.reports.slice(length)).toEqual([]);
    thread.answer(await thread.request(), { decision: 'accept' });
    await pass(() => harness.all(thread.threadId, 'provider.turnEnded').length > 0);
  });

  it('shows that an answer was not recorded', async () => {
    const thread = await open('question');
    const sent = await thread.start('go');
    const request = await thread.request();
    const [question] = request.body.kind === 'question' ? request.body.questions : [];
    thread.answer(request, { answers: { [question?.questionId ?? '']: ['jest'] } });
    expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
    expect(notices(thread)[1]).toContain('this answer was not recorded');
  });

  it('chooses by the text of an answer', async () => {
    const thread = await open('question');
    const sent = await thread.start('go');
    const request = await thread.request();
    const [question] = request.body.kind === 'question' ? request.body.questions : [];
    thread.answer(request, { answers: { [question?.questionId ?? '']: ['vitest'] } });
    await thread.ended(sent);
    expect(thread.items('assistant_message').at(-1)?.text).toContain('for vitest');
  });

  it('can be interrupted where the recording was not, and takes the next turn of it', async () => {
    const thread = await open('plan');
    const sent = await thread.start('go');
    thread.interrupt(sent);
    expect(await thread.ended(sent)).toMatchObject({ outcome: 'interrupted' });
    await thread.settle(sent, 'interrupted');
    expect(await thread.turn('do it')).toMatchObject({ outcome: 'completed' });
    expect(thread.items('file_change')).toHaveLength(1);
    expect(thread.items('plan')).toEqual([]);
  });

  it('can be interrupted while it waits for an answer', async () => {
    const thread = await open('coding-task');
    const sent = await thread.start('go');
    const request = await thread.request();
    thread.interrupt(sent);
    expect(await thread.ended(sent)).toMatchObject({ outcome: 'interrupted' });
    await thread.settle(sent, 'interrupted');
    thread.answer(request, { decision: 'accept' });
    await thread.close();
  });

  it('is told that the recording is over', async () => {
    const thread = await open('error');
    expect(await thread.turn('go')).toMatchObject({ outcome: 'failed' });
    thread.send('once more');
    const { failure } = await harness.awaitReport(thread.threadId, 'provider.turnRefused');
    expect(failure).toMatchObject({ code: 'RECORDING_OVER', retryable: false });
  });

  it('may be one of several that play at once, each with ids of its own', async () => {
    const threads = [await open('coding-task'), await open('coding-task'), await open('plan')];
    const [left, right, plan] = threads;
    if (left === undefined || right === undefined || plan === undefined) throw new Error('three were opened');
    const turns = [await left.start('left'), await right.start('right'), await plan.start('plan')] as const;
    left.answer(await left.request(), { decision: 'decline' });
    right.answer(await right.request(), { decision: 'accept' });
    await Promise.all([left.ended(turns[0]), right.ended(turns[1]), plan.ended(turns[2])]);
    expect([left, right].map(commandOf)).toEqual([['declined'], ['completed']]);
    expect(new Set(threads.map(({ nativeThreadId }) => nativeThreadId)).size).toBe(3);
    expect(new Set(turns.map(({ key }) => key.nativeTurnId)).size).toBe(3);
  });

  it('cannot have a scenario that is not there, and cannot be resumed', async () => {
    start();
    const thread = new ProviderThread(adapter, harness, { model: 'nothing', cwd: folder.path });
    thread.askToOpen();
    const { failure } = await harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure.code).toBe('PROVIDER_MODEL_NOT_FOUND');
    const resumed = new ProviderThread(adapter, harness, { cwd: folder.path });
    resumed.nativeThreadId = 'n';
    resumed.askToOpen();
    const refused = await harness.awaitReport(resumed.threadId, 'connection.openFailed');
    expect(refused.failure.code).toBe('RESUME_FAILED');
  });

  it('is closed and killed without a word afterwards, and effects without a connection are declined', async () => {
    const closed = await open('interrupt');
    await closed.start('go');
    await closed.close();
    const killed = await open('interrupt');
    await killed.start('go');
    await until(() => killed.streamed().length > 10);
    killed.kill();
    const { length } = harness.reports;
    const sent = killed.send('anybody there');
    const refused = await harness.awaitReport(killed.threadId, 'provider.turnRefused');
    expect(refused.turnId).toBe(sent.key.turnId);
    expect(harness.reports.slice(length).map(({ input }) => input.type)).toEqual(['provider.turnRefused']);
  });

  it('says nothing while it is paused', async () => {
    const thread = await open('interrupt');
    await thread.start('go');
    await until(() => thread.streamed().length > 10);
    adapter.setPaused(true);
    const { length } = harness.reports;
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    expect(harness.reports).toHaveLength(length);
    adapter.setPaused(false);
    await until(() => harness.reports.length > length);
  });
});
