/** The real SDK of Cursor without Cursor: agents and runs begin, are cancelled, lost, found again and resumed. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cursorSdkDriver } from '../../adapters/cursor-sdk/index.ts';
import { listMarked } from '../../adapters/shared/process-tree.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { ProviderAdapter } from '../../machines/ports/provider.ts';
import { diagnose } from '../../server/doctor.ts';
import { requireAgent } from '../agents/agents.ts';
import { startCursorBackend, type CursorBackend } from '../helpers/cursor-backend.ts';
import { ProviderHarness } from '../helpers/provider-harness.ts';
import { ProviderThread, type SentTurn } from '../helpers/provider-thread.ts';
import { until } from '../helpers/until.ts';

const SDK = requireAgent('cursor-sdk');
const INTERRUPTED = { outcome: 'interrupted', failure: null };

describe.skipIf(SDK === null)('the SDK of Cursor', { timeout: 60_000 }, () => {
  let backend: CursorBackend;
  let harness: ProviderHarness;
  let adapter: ProviderAdapter;

  const start = async () => {
    const count = harness.instanceReports.filter(({ type }) => type === 'process.started').length;
    adapter.perform({ type: 'process.start', instanceId: backend.instance.instanceId });
    return (await harness.awaitInstance('process.started', count + 1)).report;
  };
  const newThread = (settings: Partial<Settings> = {}): ProviderThread => {
    const { instanceId } = backend.instance;
    return new ProviderThread(adapter, harness, { cwd: backend.workspace, instanceId, ...settings });
  };
  const interrupted = (thread: ProviderThread, sent: SentTurn) => {
    thread.interrupt(sent);
    return thread.ended(sent);
  };

  beforeEach(async () => {
    backend = await startCursorBackend(SDK ?? '');
    harness = new ProviderHarness();
    adapter = cursorSdkDriver.create(backend.instance, harness);
  });

  afterEach(async () => {
    await adapter.dispose();
    await backend.close();
    expect(harness.defects).toEqual([]);
    expect([...harness.rows.values()]).toEqual([]);
  });

  it('tells its version, the account and the models, and needs a login without a key that counts', async () => {
    expect(await start()).toMatchObject({
      version: '1.0.32',
      account: { label: 'person@example.com' },
      loginRequired: false,
      models: [
        { id: 'scripted', isDefault: true, options: { effort: ['low', 'high'] } },
        { id: 'another', isDefault: false },
      ],
    });
    backend.refuseKeys();
    adapter.perform({ type: 'process.stop', instanceId: backend.instance.instanceId, force: false });
    await harness.awaitInstance('process.stopped');
    expect(await start()).toMatchObject({ account: null, loginRequired: true, models: [] });
    const [told] = await diagnose([backend.instance], [cursorSdkDriver], harness.processes);
    expect(told).toMatchObject({
      isReady: false,
      advice: expect.stringMatching(/^log in: .*CURSOR_API_KEY/),
    });
    const thread = newThread();
    thread.askToOpen();
    const { failure } = await harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure.message).toContain('CURSOR_API_KEY');
  });

  it.each([
    ['approval-required', 'default'],
    ['auto-accept-edits', 'default'],
    ['auto', 'default'],
    ['full-access', 'default'],
    ['full-access', 'plan'],
  ] as const)('takes the settings of %s, %s, and cancels a run', async (runtimeMode, interactionMode) => {
    await start();
    const thread = newThread({ runtimeMode, interactionMode });
    expect(await thread.open()).toMatchObject({ resumed: false, model: 'scripted' });
    const sent = await thread.start('hello');
    await until(() => backend.runCount > 0);
    expect(await interrupted(thread, sent)).toMatchObject(INTERRUPTED);
    await thread.close();
  });

  it('takes another mode and model with the next prompt, and says no to a model that it does not know', async () => {
    await start();
    const thread = newThread();
    await thread.open();
    await interrupted(thread, await thread.start('one'));
    thread.settings = { ...thread.settings, runtimeMode: 'full-access', model: 'another' };
    expect(await interrupted(thread, await thread.start('two'))).toMatchObject(INTERRUPTED);
    thread.settings = { ...thread.settings, model: 'no-such-model' };
    thread.send('three');
    const { failure } = await harness.awaitReport(thread.threadId, 'provider.turnRefused');
    expect(failure).toMatchObject({ code: 'PROVIDER_MODEL_NOT_FOUND' });
  });

  it('does not run a prompt twice that is handed over again', async () => {
    await start();
    const thread = newThread();
    await thread.open();
    const sent = await thread.start('once');
    await until(() => backend.runCount === 1);
    await interrupted(thread, sent);
    const { model, options, runtimeMode, interactionMode, policy, cwd } = thread.settings;
    adapter.perform({
      type: 'turn.start',
      ...sent.key,
      nativeTurnId: null,
      prompt: { turnId: sent.key.turnId, text: 'once', attachments: [] },
      settings: { model, options, runtimeMode, interactionMode, policy, cwd },
      clientMessageId: sent.clientMessageId,
    });
    const ends = () => harness.all(thread.threadId, 'provider.turnEnded');
    await until(() => ends().length === 2);
    expect(new Set(ends().map(({ nativeTurnId }) => nativeTurnId)).size).toBe(1);
    expect(backend.runCount).toBe(1);
  });

  it('is found again after it was killed, goes on with the next prompt, and leaves no process', async () => {
    await start();
    const thread = newThread();
    await thread.open();
    const sent = await thread.start('cut');
    await until(() => backend.runCount > 0);
    const [row] = [...harness.rows.values()];
    process.kill(row?.pid ?? 0, 'SIGKILL');
    await harness.awaitReport(thread.threadId, 'connection.lost');
    expect(await listMarked(row?.marker ?? '')).toEqual([]);
    const { threadId, nativeThreadId } = thread;
    const { turnId } = sent.key;
    const about = { threadId, attempt: 1, nativeThreadId } as const;
    const lookUp = (clientMessageId: string) =>
      adapter.perform({ type: 'turn.lookUp', ...about, turnId, clientMessageId });
    const found = (word: string) =>
      harness.awaitReport(threadId, 'provider.turnLookedUp', (report) => report.found === word);
    lookUp(sent.clientMessageId);
    await found('interrupted');
    lookUp('another.1');
    await found('absent');
    expect(await thread.open()).toMatchObject({ resumed: true, nativeThreadId });
    expect(await interrupted(thread, await thread.start('next'))).toMatchObject(INTERRUPTED);
  });

  it('says that an agent is not known', async () => {
    await start();
    const thread = newThread();
    thread.nativeThreadId = 'agent-of-nobody';
    thread.askToOpen();
    const { failure } = await harness.awaitReport(thread.threadId, 'connection.openFailed');
    expect(failure).toMatchObject({ code: 'RESUME_FAILED' });
  });
});
