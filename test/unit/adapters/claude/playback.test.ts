/** Recordings of claude as a provider: what the user does otherwise is answered as claude would. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claudeDriver } from '../../../../adapters/claude/index.ts';
import { CLAUDE_PLAYBACK } from '../../../../adapters/claude/playback.ts';
import { replayDriver } from '../../../../adapters/replay/index.ts';
import { instanceIdSchema } from '../../../../machines/domain/ids.ts';
import type { ProviderAdapter } from '../../../../machines/ports/provider.ts';
import { ProviderHarness } from '../../../helpers/provider-harness.ts';
import { ProviderThread } from '../../../helpers/provider-thread.ts';
import { makeTempFolder, type TempFolder } from '../../../helpers/temp-folder.ts';
import { recordingFileOf } from '../../../replay/recording-files.ts';

const INSTANCE_ID = instanceIdSchema.parse('demo');

let harness: ProviderHarness;
let adapter: ProviderAdapter | null = null;
let folder: TempFolder;

beforeEach(() => {
  folder = makeTempFolder();
  harness = new ProviderHarness();
});
afterEach(async () => {
  await adapter?.dispose();
  folder.remove();
  expect(harness.defects).toEqual([]);
});

async function open(scenario: string): Promise<ProviderThread> {
  const instance = {
    instanceId: INSTANCE_ID,
    driver: 'replay',
    command: recordingFileOf('claude', `2.1.329-${scenario}`),
    env: { THREADCHART_REPLAY_SCALE: '0', IS_SANDBOX: '1' },
  };
  adapter = replayDriver({ drivers: [claudeDriver], newSalt: () => 7 }).create(instance, harness);
  adapter.perform({ type: 'process.start', instanceId: INSTANCE_ID });
  const thread = new ProviderThread(adapter, harness, { cwd: folder.path, instanceId: INSTANCE_ID });
  await thread.open();
  return thread;
}

const noticesOf = (thread: ProviderThread): string[] => thread.items('notice').map(({ text }) => text);

it('plays for any prompt and in its own session', async () => {
  const thread = await open('command-accepted');
  const sent = await thread.start('whatever I say');
  thread.answer(await thread.request(), { decision: 'accept' });
  expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
  expect(thread.items('command')).toMatchObject([{ status: 'completed', text: 'hi' }]);
  expect(await thread.turn('more')).toMatchObject({ outcome: 'completed' });
  expect(harness.all(thread.threadId, 'connection.opened')).toHaveLength(1);
  expect(noticesOf(thread)).toEqual([expect.stringContaining('recording of claude 2.1.329')]);
});

it('shows that an answer was not recorded', async () => {
  const thread = await open('command-accepted');
  const sent = await thread.start('go');
  thread.answer(await thread.request(), { decision: 'decline' });
  expect(await thread.ended(sent)).toMatchObject({ outcome: 'completed' });
  expect(noticesOf(thread)[1]).toContain('this answer was not recorded');
});

it('can be interrupted where the recording was not, and takes the next turn of it', async () => {
  const thread = await open('command-accepted');
  const sent = await thread.start('go');
  await thread.request();
  thread.interrupt(sent);
  expect(await thread.ended(sent)).toMatchObject({ outcome: 'interrupted' });
  expect(await thread.turn('next')).toMatchObject({ outcome: 'completed' });
});

it('fails a prompt that comes when the recording is over', async () => {
  const thread = await open('simple');
  await thread.turn('go');
  expect(await thread.turn('more')).toMatchObject({
    outcome: 'failed',
    failure: { message: expect.stringContaining('the recording is over') },
  });
});

it.each([
  ['cancel_async_message', { subtype: 'success', response: { cancelled: true } }],
  ['set_model', { subtype: 'success' }],
  ['get_context_usage', { subtype: 'error', error: 'why' }],
])('answers %s by itself', (subtype, response) => {
  const frame = { type: 'control_request', request_id: 'r', request: { subtype } };
  expect(CLAUDE_PLAYBACK.improvise(frame, 'why')).toMatchObject({
    frames: [{ type: 'control_response', response: { request_id: 'r', ...response } }],
    endsTurn: false,
  });
});

it('has nothing to say to what is no request', () => {
  for (const frame of [null, 'text', { type: 'control_response', response: { request_id: 'r' } }]) {
    expect(CLAUDE_PLAYBACK.improvise(frame, 'why')).toEqual({ frames: [], endsTurn: false });
  }
});
